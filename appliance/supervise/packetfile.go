package supervise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// packetFile is a file in memory that another process writes, and that is read as it
// grows. It cannot become longer than it was made, whatever that process does.
type packetFile struct {
	file *os.File

	mu    sync.Mutex
	size  int64 // that has been written
	most  int64
	ended bool
	grown chan struct{} // closed and renewed when any of it changes
}

func newPacketFile(most int64) (*packetFile, error) {
	fd, err := unix.MemfdCreate("limpid-capture", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("make file in memory: %w", err)
	}
	err = unix.Ftruncate(fd, most)
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_GROW|unix.F_SEAL_SHRINK|unix.F_SEAL_SEAL)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make file in memory of %d bytes: %w", most, err), unix.Close(fd))
	}
	return &packetFile{file: os.NewFile(uintptr(fd), "capture"), most: most, grown: make(chan struct{})}, nil
}

// set notes how much has been written, and whether that was all.
func (f *packetFile) set(size int64, ended bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.size, f.ended = max(f.size, min(size, f.most)), f.ended || ended
	close(f.grown)
	f.grown = make(chan struct{})
}

func (f *packetFile) state() (size int64, ended bool, grown <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.size, f.ended, f.grown
}

// read gives what there is, and what comes, until the end or until ctx ends.
func (f *packetFile) read(ctx context.Context) io.ReadCloser {
	return &packetReader{file: f, done: ctx}
}

// close gives the memory back; who still reads gets an error.
func (f *packetFile) close() {
	f.set(0, true)
	_ = f.file.Close()
}

// packetReader is one who reads.
type packetReader struct {
	file *packetFile
	done context.Context // of the question that it answers
	at   int64
}

// Read implements io.Reader.
func (r *packetReader) Read(p []byte) (int, error) {
	for {
		size, ended, grown := r.file.state()
		if left := size - r.at; left > 0 {
			n, err := r.file.file.ReadAt(p[:min(int64(len(p)), left)], r.at)
			r.at += int64(n)
			return n, err
		}
		if ended {
			return 0, io.EOF
		}
		select {
		case <-grown:
		case <-r.done.Done():
			return 0, context.Cause(r.done)
		}
	}
}

// Close implements io.Closer.
func (r *packetReader) Close() error { return nil }
