package packets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Heard is a frame that is passed on to be looked into. Data is good until take returns.
type Heard struct {
	Data   []byte // with a VLAN tag in its place
	Length int    // on the wire
	Index  int    // of the interface
	Out    bool   // it left by that
	Layer  bool   // it was heard on a socket of OpenLayer
	At     time.Time
}

const (
	// watchEvery is how often it is asked whether it is over.
	watchEvery = 50 * time.Millisecond
	// atStep is how many frames are taken off one socket at once.
	atStep = 256
)

// Watch passes on what a socket of Open hears, and sockets of OpenLayer beside it, until
// ctx ends or over says so. Of a frame that several of them hear, what Open's has is
// passed on first. Dropped are the frames that the kernel could not hold.
func Watch(ctx context.Context, source *os.File, layers []*os.File, take func(Heard), over func() bool) (dropped uint64, err error) {
	w := watcher{receiver: newReceiver(), take: take}
	conn, err := source.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("watch frames: %w", err)
	}
	for _, layer := range layers {
		c, err := layer.SyscallConn()
		if err != nil {
			return 0, fmt.Errorf("watch frames: %w", err)
		}
		w.layers = append(w.layers, c)
	}
	// Wakes a read that waits. One that is about to wait looks at ctx first.
	stop := context.AfterFunc(ctx, func() { _ = source.SetReadDeadline(time.Now()) })
	defer stop()
	for ctx.Err() == nil && !over() {
		if err := source.SetReadDeadline(time.Now().Add(watchEvery)); err != nil {
			return w.dropped, fmt.Errorf("watch frames: %w", err)
		}
		if ctx.Err() != nil {
			break
		}
		err := conn.Read(func(fd uintptr) bool { return w.step(int(fd)) > 0 || w.err != nil })
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return w.dropped, fmt.Errorf("watch frames: %w", err)
		}
		if w.err == nil {
			err = conn.Control(func(fd uintptr) { w.countDrops(int(fd)) })
		} else {
			err = w.err
		}
		if err != nil {
			return w.dropped, fmt.Errorf("watch frames: %w", err)
		}
	}
	return w.dropped, nil
}

// watcher is a watch that goes on.
type watcher struct {
	receiver *receiver
	layers   []syscall.RawConn
	take     func(Heard)
	dropped  uint64
	err      error
}

// step takes what is there, and says how many frames of the first socket. What a layer
// has heard the first socket has heard before: so it is looked at once more, before
// what the layers have is passed on.
func (w *watcher) step(fd int) int {
	n := w.drain(fd, false, w.take)
	var held []Heard
	for _, layer := range w.layers {
		err := layer.Control(func(fd uintptr) {
			w.drain(int(fd), true, func(h Heard) {
				h.Data = append([]byte(nil), h.Data...)
				held = append(held, h)
			})
			w.countDrops(int(fd))
		})
		w.err = errors.Join(w.err, err)
	}
	if len(held) > 0 {
		n += w.drain(fd, false, w.take)
	}
	for _, h := range held {
		w.take(h)
	}
	return n
}

// drain takes at most so many frames off a socket.
func (w *watcher) drain(fd int, layer bool, take func(Heard)) (n int) {
	for n < atStep {
		f, err := w.receiver.next(fd)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return n
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ENETDOWN):
			continue // the second is said once when a port goes down; it may come up again
		case err != nil:
			w.err = errors.Join(w.err, err)
			return n
		}
		take(Heard{Data: f.data, Length: f.length, Index: f.index, Out: f.out, Layer: layer, At: f.at})
		n++
	}
	return n
}

// countDrops reads what the kernel has counted since the last time (PACKET_STATISTICS).
func (w *watcher) countDrops(fd int) {
	stats, err := unix.GetsockoptTpacketStats(fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		w.err = fmt.Errorf("count dropped frames: %w", err)
		return
	}
	w.dropped += uint64(stats.Drops)
}
