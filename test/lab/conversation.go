package lab

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// Conversation is one TCP connection as a capture saw it, put together.
type Conversation struct {
	Client, Server netip.AddrPort // the client is who sent the SYN
	Up, Down       Stream         // what the client sent, what the server sent
}

// Stream is one direction of a conversation.
type Stream struct {
	Data     []byte // without holes, in order, each byte once
	FIN, RST bool   // how it ended; both are possible, neither while it is open

	begun bool
	first uint32            // sequence number of Data[0]
	early map[uint32][]byte // by sequence number: what came before its turn
}

// Ended reports whether neither end will send more.
func (c *Conversation) Ended() bool {
	return c.Up.RST || c.Down.RST || c.Up.FIN && c.Down.FIN
}

// Conversations puts the TCP connections of a capture together, in the order of
// their SYNs; what belongs to none that began in the capture is left out. A
// byte that is sent twice must be the same twice. It is an error if a hole
// remains in a stream.
func Conversations(frames []Frame) ([]*Conversation, error) {
	var all []*Conversation
	open := map[[2]netip.AddrPort]*Conversation{}
	for _, f := range frames {
		if !f.Src.IsValid() || f.SrcPort == 0 {
			continue
		}
		src, dst := netip.AddrPortFrom(f.Src, f.SrcPort), netip.AddrPortFrom(f.Dst, f.DstPort)
		if f.Flags&(SYN|ACK) == SYN {
			c := open[[2]netip.AddrPort{src, dst}]
			if c == nil || c.Up.first != f.Seq+1 {
				c = &Conversation{Client: src, Server: dst}
				all = append(all, c)
				open[[2]netip.AddrPort{src, dst}] = c
			}
		}
		c := open[[2]netip.AddrPort{src, dst}]
		if c == nil {
			c = open[[2]netip.AddrPort{dst, src}]
		}
		if c == nil {
			continue
		}
		s := &c.Up
		if c.Server == src {
			s = &c.Down
		}
		if err := s.add(f); err != nil {
			return nil, fmt.Errorf("put together %s>%s: %w", src, dst, err)
		}
	}
	for _, c := range all {
		// What an end sent after a reset nobody answers.
		if len(c.Up.early)+len(c.Down.early) > 0 && !c.Up.RST && !c.Down.RST {
			return nil, fmt.Errorf("put together %v: a hole remains in it", c)
		}
	}
	return all, nil
}

// add takes the frame's part of the stream.
func (s *Stream) add(f Frame) error {
	seq := f.Seq
	if f.Flags&SYN != 0 {
		seq++
		s.begun, s.first = true, seq
	}
	s.RST = s.RST || f.Flags&RST != 0
	s.FIN = s.FIN || f.Flags&FIN != 0
	if !s.begun || len(f.Payload) == 0 || f.Flags&RST != 0 {
		return nil
	}
	if err := s.put(seq, f.Payload); err != nil {
		return err
	}
	for len(s.early) > 0 {
		before := len(s.Data)
		for at, b := range maps.Clone(s.early) {
			delete(s.early, at)
			if err := s.put(at, b); err != nil {
				return err
			}
		}
		if len(s.Data) == before {
			break
		}
	}
	return nil
}

// put places bytes by their sequence number, which wraps.
func (s *Stream) put(seq uint32, b []byte) error {
	at := int64(int32(seq - s.first - uint32(len(s.Data)))) // from the end of what is there
	switch {
	case at > 0:
		if s.early == nil {
			s.early = map[uint32][]byte{}
		}
		if len(b) > len(s.early[seq]) {
			s.early[seq] = b
		}
		return nil
	case at+int64(len(s.Data)) < 0: // a keepalive repeats the byte before the first
		return nil
	}
	place := int64(len(s.Data)) + at
	known := min(-at, int64(len(b)))
	if string(s.Data[place:place+known]) != string(b[:known]) {
		return fmt.Errorf("byte %d or later was sent again and differs", place)
	}
	s.Data = append(s.Data, b[known:]...)
	return nil
}

// String is one line for a log.
func (c *Conversation) String() string {
	end := func(s Stream) string {
		how := []string{fmt.Sprintf("%d bytes", len(s.Data))}
		if s.FIN {
			how = append(how, "FIN")
		}
		if s.RST {
			how = append(how, "RST")
		}
		return strings.Join(how, " ")
	}
	return fmt.Sprintf("%s>%s up %s, down %s", c.Client, c.Server, end(c.Up), end(c.Down))
}

// AllEnded is for Capture.WaitFor: every conversation so far has ended.
func AllEnded(frames []Frame) bool {
	ended := map[[2]netip.AddrPort]map[netip.AddrPort]bool{}
	for _, f := range frames {
		if !f.Src.IsValid() || f.SrcPort == 0 {
			continue
		}
		src, dst := netip.AddrPortFrom(f.Src, f.SrcPort), netip.AddrPortFrom(f.Dst, f.DstPort)
		key := [2]netip.AddrPort{src, dst}
		if f.Toward == ToClients {
			key = [2]netip.AddrPort{dst, src}
		}
		switch {
		case f.Flags&(SYN|ACK) == SYN:
			ended[key] = map[netip.AddrPort]bool{}
		case ended[key] == nil:
		case f.Flags&RST != 0:
			ended[key][src], ended[key][dst] = true, true
		case f.Flags&FIN != 0:
			ended[key][src] = true
		}
	}
	return !slices.ContainsFunc(slices.Collect(maps.Values(ended)), func(ends map[netip.AddrPort]bool) bool { return len(ends) < 2 })
}
