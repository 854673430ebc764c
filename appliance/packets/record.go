package packets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Settings are what the process that records is given at its start.
type Settings struct {
	Ports   []Port        `json:"ports"`
	For     time.Duration `json:"for"`  // ns
	Size    int64         `json:"size"` // of the file at most, in bytes
	Version string        `json:"version"`
}

// Reason is why a capture has ended.
type Reason string

// Reasons; empty while it goes on.
const (
	OverTime Reason = "time"
	OverSize Reason = "size"
	Stopped  Reason = "stopped"
)

// Count is how far a capture has come. What it counts of bytes is in the file.
type Count struct {
	Frames  uint64 `json:"frames"`
	Bytes   int64  `json:"bytes"`   // of the file
	Dropped uint64 `json:"dropped"` // frames that the kernel could not hold for us
	Ended   Reason `json:"ended,omitempty"`
}

const (
	// tellEvery is how often it is told how far a capture has come.
	tellEvery = 200 * time.Millisecond
	// atOnce is how many frames are taken between two looks at the clock, and atLast
	// how many of those that the kernel still holds at the end, which are not as many.
	atOnce = 256
	atLast = 1 << 16
)

// Record writes what a socket of Open hears into a file, until ctx ends, the time is
// over or the file is full, and says how far it has come: now and then, and at the
// end.
func Record(ctx context.Context, s Settings, source, to *os.File, tell func(Count)) (Count, error) {
	conn, err := source.SyscallConn()
	if err != nil {
		return Count{}, fmt.Errorf("record frames: %w", err)
	}
	r := recorder{receiver: newReceiver(), until: time.Now().Add(s.For)}
	if r.file, err = newFile(to, s.Ports, s.Size, s.Version); err != nil {
		return Count{}, err
	}
	tell(r.count()) // it can be read from now on
	// Wakes a read that waits. One that is about to wait looks at ctx first.
	stop := context.AfterFunc(ctx, func() { _ = source.SetReadDeadline(time.Now()) })
	defer stop()
	for r.ended == "" {
		if err := source.SetReadDeadline(r.nextLook(time.Now())); err != nil {
			return r.count(), fmt.Errorf("record frames: %w", err)
		}
		if r.ended = r.due(ctx); r.ended == "" {
			err = conn.Read(func(fd uintptr) bool { return r.take(int(fd), atOnce) > 0 || r.over() })
		} else {
			// What came before the end belongs to it.
			err = conn.Control(func(fd uintptr) { r.take(int(fd), atLast) })
		}
		if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			err = conn.Control(func(fd uintptr) { r.countDrops(int(fd)) })
		}
		if err := errors.Join(err, r.err, r.file.flush()); err != nil {
			return r.count(), fmt.Errorf("record frames: %w", err)
		}
		if now := time.Now(); now.Sub(r.told) >= tellEvery {
			r.told = now
			tell(r.count())
		}
	}
	err = r.file.finish(r.dropped)
	return r.count(), err
}

// recorder is one capture that goes on.
type recorder struct {
	receiver *receiver
	file     *file
	until    time.Time
	told     time.Time // when it was told last
	frames   uint64
	dropped  uint64
	ended    Reason
	err      error
}

func (r *recorder) count() Count {
	return Count{Frames: r.frames, Bytes: r.file.to.n, Dropped: r.dropped, Ended: r.ended}
}

func (r *recorder) nextLook(now time.Time) time.Time {
	return now.Add(min(tellEvery, max(r.until.Sub(now), time.Millisecond)))
}

// due says whether it is to end now.
func (r *recorder) due(ctx context.Context) Reason {
	switch {
	case ctx.Err() != nil:
		return Stopped
	case !time.Now().Before(r.until):
		return OverTime
	}
	return ""
}

func (r *recorder) over() bool { return r.err != nil || r.ended == OverSize }

// take takes what is there, at most so many frames, and says how many.
func (r *recorder) take(fd, most int) (n int) {
	for n < most {
		f, err := r.receiver.next(fd)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return n
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ENETDOWN):
			continue // the second is said once when a port goes down; it may come up again
		case err == nil:
			err = r.file.add(f)
		}
		switch {
		case errors.Is(err, errFull):
			r.ended = OverSize
			return n
		case err != nil:
			r.err = err
			return n
		}
		r.frames++
		n++
	}
	return n
}

// countDrops reads what the kernel has counted since the last time (PACKET_STATISTICS).
func (r *recorder) countDrops(fd int) {
	stats, err := unix.GetsockoptTpacketStats(fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		r.err = fmt.Errorf("count dropped frames: %w", err)
		return
	}
	r.dropped += uint64(stats.Drops)
}
