package leg

const (
	// turnLimit is how many bytes a pair moves before others get their turn.
	turnLimit = 2 << 20
	// bulkLeast is how many bytes must come at once for splice(2) to be worth
	// its two calls, and how many more must be allowed to pass unseen.
	bulkLeast = 32 << 10
)

// half is one direction: from the leg that is read to the leg that is written.
type half struct {
	buf   *buffer // nil unless bytes wait
	pipe  *pipe   // nil unless bytes are in it, or in the midst of a run
	bytes uint64  // sent
	bulk  bool    // the last read brought much
	done  bool    // the end was read and everything before it sent
}

// pump moves what can be moved from src to dst, at most *budget bytes or so,
// and reports whether anything changed.
func (h *half) pump(p *Pool, src, dst *Leg, f Filter, budget *int) bool { //nolint:gocyclo // one loop: its steps share moved and asked
	if h.done {
		return false
	}
	moved, asked := false, false
	for {
		if h.pipe != nil {
			ran, blocked := h.splice(p, src, dst, f, budget)
			moved = moved || ran
			if blocked {
				return moved
			}
			continue
		}
		if h.buf != nil {
			moved = h.send(src, dst) || moved
			if b := h.buf; b.pass < b.end && !asked {
				asked = true
				if n := f.Pass(b.data[b.pass:b.end], src.is(ended)); n > 0 {
					b.pass += n
					moved, asked = true, false
					continue
				}
			}
			if h.buf.start == h.buf.end {
				h.drop(p)
			}
		}
		if src.is(ended) {
			if h.buf == nil && !src.is(broken) && !dst.is(connecting|broken) {
				h.done, moved = true, true
			}
			return moved
		}
		if !src.is(readable) || *budget <= 0 || !h.takes(dst) {
			return moved
		}
		n := h.receive(p, src, dst, f)
		switch {
		case n > 0:
			*budget -= n
			moved, asked = true, false
		case src.is(ended):
			asked = false // the end may decide what is undecided
		case h.full():
			return moved
		}
	}
}

// takes reports whether more may be read for dst: it is not read for an end
// that does not take what it was sent, but while dst is connecting up to
// HoldLimit is worked on ahead.
func (h *half) takes(dst *Leg) bool {
	switch {
	case dst.is(broken | lost):
		return false
	case dst.is(connecting):
		return true
	case h.buf != nil && h.buf.start < h.buf.pass:
		return false
	}
	return dst.is(writable)
}

func (h *half) full() bool { return h.buf != nil && h.buf.end-h.buf.start >= HoldLimit }

// send writes what waits and may pass.
func (h *half) send(src, dst *Leg) bool {
	b := h.buf
	if b.start == b.pass || !dst.is(writable) || dst.is(connecting) {
		return false
	}
	n := dst.write(b.data[b.start:b.pass], b.pass == b.end && src.over())
	b.start += n
	h.bytes += uint64(n)
	return n > 0
}

// receive reads once and sends on at once what may pass.
func (h *half) receive(p *Pool, src, dst *Leg, f Filter) int {
	if h.buf != nil {
		var room []byte
		if h.buf, room = p.room(h.buf); len(room) == 0 {
			return 0
		}
		n := src.read(room)
		h.buf.end += n
		return n
	}
	if h.runs(src, f) && dst.is(writable) {
		if h.pipe = p.pipe(); h.pipe != nil {
			src.keepUrgent() // a run may end at it before epoll has told of it
			return 0         // the run begins in the next round of pump
		}
	}
	n := src.read(p.scratch)
	if n == 0 {
		return 0
	}
	h.bulk = n >= bulkLeast
	pass, sent := f.Pass(p.scratch[:n], false), 0
	if pass > 0 && dst.is(writable) && !dst.is(connecting) {
		sent = dst.write(p.scratch[:pass], pass == n && src.over())
		h.bytes += uint64(sent)
	}
	if sent < n {
		h.buf = p.buffer(n - sent)
		copy(h.buf.data, p.scratch[sent:n])
		h.buf.pass, h.buf.end = pass-sent, n-sent
	}
	return n
}

// runs reports whether splice(2) is worth it, and gets past what comes.
func (h *half) runs(src *Leg, f Filter) bool {
	return h.bulk && !src.is(thorough) && f.Unseen() >= bulkLeast
}

// splice goes on with a run through the pipe. blocked says that dst takes no
// more or that the turn is over. Without a blocked byte in it the pipe goes
// back to the pool.
func (h *half) splice(p *Pool, src, dst *Leg, f Filter, budget *int) (moved, blocked bool) {
	if h.pipe.held > 0 {
		if !dst.is(writable) {
			return false, true
		}
		n := h.pipe.drain(dst)
		h.bytes += uint64(n)
		return n > 0, n == 0
	}
	if h.runs(src, f) && src.is(readable) && *budget > 0 && h.takes(dst) {
		if n := h.pipe.fill(src, int(min(f.Unseen(), pipeSize))); n > 0 {
			f.Skip(int64(n))
			*budget -= n
			h.bulk = n >= bulkLeast
			return true, false
		}
		h.bulk = !src.is(readable) // what is not plainly nothing is for read to judge
	}
	p.putPipe(h.pipe)
	h.pipe = nil
	return false, false
}

// drop gives the buffer back.
func (h *half) drop(p *Pool) {
	p.release(h.buf)
	h.buf = nil
}

// end gives everything back, with what was not sent.
func (h *half) end(p *Pool) {
	if h.buf != nil {
		h.drop(p)
	}
	if h.pipe != nil {
		p.putPipe(h.pipe)
		h.pipe = nil
	}
}

// held is how many bytes were read and not sent yet.
func (h *half) held() int {
	n := 0
	if h.buf != nil {
		n = h.buf.end - h.buf.start
	}
	if h.pipe != nil {
		n += h.pipe.held
	}
	return n
}
