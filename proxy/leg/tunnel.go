package leg

// Tunnel is a pair whose bytes nobody looks at.
type Tunnel struct {
	pair Pair
	done func(t *Tunnel, how Ending)
}

// NewTunnel takes ownership of a client's and an upstream's nonblocking sockets
// and carries everything between them until both have ended or one breaks.
// connecting says that connect(2) on the upstream may not have ended: until it
// has, at most HoldLimit bytes are read ahead, and when it fails the client is
// reset. first, at most HoldLimit bytes that were read from the client before,
// is sent ahead. done, which may be nil, is called once, on the loop's
// goroutine, when both sockets are gone. Call it on the loop's goroutine or
// before the loop runs; when it fails both sockets are reset and done is not
// called.
func NewTunnel(pool *Pool, client, upstream int, connecting bool, first []byte, done func(t *Tunnel, how Ending)) (*Tunnel, error) {
	t := &Tunnel{done: done}
	if err := t.pair.Open(pool, client, upstream, connecting, t); err != nil {
		return nil, err
	}
	t.pair.First(first)
	return t, nil
}

// Drive moves what can be moved. The loop calls it.
func (t *Tunnel) Drive() { t.after(t.pair.Carry(Raw{}, Raw{})) }

// Cut resets both legs and calls done.
func (t *Tunnel) Cut() { t.after(t.pair.Cut()) }

func (t *Tunnel) after(how Ending) {
	if done := t.done; how != Open && done != nil {
		t.done = nil
		done(t, how)
	}
}

// Bytes is how many bytes were sent to the upstream and to the client.
func (t *Tunnel) Bytes() (up, down uint64) { return t.pair.Bytes() }

// Held is how many bytes were read and could not be sent yet.
func (t *Tunnel) Held() int { return t.pair.Held() }
