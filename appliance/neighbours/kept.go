package neighbours

import (
	"bytes"
	"slices"
	"sync"
	"time"
)

const (
	// MaxFrame is how long a frame is at most that is kept, in bytes: a whole one of
	// Ethernet, without the tag that the kernel takes out.
	MaxFrame = 1514
	// MaxKept is how many are kept for a port. With one more the one goes that was heard
	// longest ago; whoever floods a port with made-up ones hides none but at that end.
	MaxKept = 4
	// headLength is that of an Ethernet head, in bytes.
	headLength = 14
)

// Frame is the newest one from a MAC address.
type Frame struct {
	MAC   [6]byte // that it came from
	At    time.Time
	Bytes []byte // from the Ethernet head on; not to be changed
}

// kept are the frames of a port.
type kept struct {
	mu     sync.Mutex
	frames []Frame
}

// add keeps a copy of a frame in place of the one before from the same address.
func (k *kept) add(frame []byte, at time.Time) {
	if len(frame) < headLength || len(frame) > MaxFrame {
		return
	}
	f := Frame{MAC: [6]byte(frame[6:12]), At: at, Bytes: bytes.Clone(frame)}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.frames = slices.DeleteFunc(k.frames, func(old Frame) bool { return old.MAC == f.MAC })
	k.frames = append(k.frames, f)
	if more := len(k.frames) - MaxKept; more > 0 {
		k.frames = slices.Delete(k.frames, 0, more)
	}
}

// list gives them, the one heard longest ago first.
func (k *kept) list() []Frame {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.frames)
}
