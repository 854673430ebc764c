package leg

import "math"

// Filter looks at the bytes of one direction. Its methods are called on the
// loop's goroutine and must not keep what they are shown.
type Filter interface {
	// Pass is shown the bytes that were read and did not pass yet, and says how
	// many of them, from the first on, may pass now. end says that none will
	// follow. It is asked again, with the same bytes or more, whenever either
	// direction has moved.
	Pass(b []byte, end bool) int
	// Unseen is how many bytes after those that passed may pass without being
	// shown, math.MaxInt64 for all.
	Unseen() int64
	// Skip says that n of the Unseen bytes have passed.
	Skip(n int64)
}

// Raw is the Filter that lets everything pass.
type Raw struct{}

// Pass lets all of b pass.
func (Raw) Pass(b []byte, _ bool) int { return len(b) }

// Unseen is without limit.
func (Raw) Unseen() int64 { return math.MaxInt64 }

// Skip counts nothing.
func (Raw) Skip(int64) {}
