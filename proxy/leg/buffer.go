package leg

// HoldLimit is how many bytes one direction holds at most, in bytes: what was
// read and may not pass yet, or could not be sent yet.
const HoldLimit = 64 << 10

// classCount is how many sizes of buffers there are.
const classCount = 3

// classes are the sizes buffers come in, in bytes.
var classes = [classCount]int{4 << 10, 16 << 10, HoldLimit}

// spare is how many free buffers of each class a pool keeps.
var spare = [classCount]int{256, 64, 32}

// buffer holds the bytes of a direction that wait. data[start:pass] may be
// sent, data[pass:end] is not decided.
type buffer struct {
	data             []byte
	start, pass, end int
}

// buffer returns an empty buffer for at least size bytes.
func (p *Pool) buffer(size int) *buffer {
	for i, capacity := range classes {
		if size > capacity {
			continue
		}
		if free := p.buffers[i]; len(free) > 0 {
			b := free[len(free)-1]
			free[len(free)-1] = nil
			p.buffers[i] = free[:len(free)-1]
			return b
		}
		return &buffer{data: make([]byte, capacity)}
	}
	return &buffer{data: make([]byte, size)}
}

// release takes a buffer back.
func (p *Pool) release(b *buffer) {
	b.start, b.pass, b.end = 0, 0, 0
	for i, capacity := range classes {
		if len(b.data) == capacity && len(p.buffers[i]) < spare[i] {
			p.buffers[i] = append(p.buffers[i], b)
		}
	}
}

// room makes space behind b's bytes and returns it; it is empty when b holds
// HoldLimit bytes. b may have to move: the buffer to use from then on comes back.
func (p *Pool) room(b *buffer) (*buffer, []byte) {
	if b.end < len(b.data) {
		return b, b.data[b.end:]
	}
	held := b.end - b.start
	if b.start >= len(b.data)/2 {
		copy(b.data, b.data[b.start:b.end])
		b.pass -= b.start
		b.start, b.end = 0, held
		return b, b.data[held:]
	}
	if len(b.data) >= HoldLimit {
		if b.start == 0 {
			return b, nil
		}
		copy(b.data, b.data[b.start:b.end])
		b.pass -= b.start
		b.start, b.end = 0, held
		return b, b.data[held:]
	}
	larger := p.buffer(2 * len(b.data))
	copy(larger.data, b.data[b.start:b.end])
	larger.pass, larger.end = b.pass-b.start, held
	p.release(b)
	return larger, larger.data[held:]
}
