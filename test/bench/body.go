package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"limpid/test/lab"
)

// bodies are the origin's files. They live in memory and have no name: they
// are gone with this process, however it ends.
type bodies struct{ small, large *os.File }

func newBodies() (*bodies, error) {
	b := &bodies{}
	// Real content: a hole would be served from the kernel's one page of zeros,
	// which no proxy meets elsewhere.
	for size, file := range map[int64]**os.File{smallSize: &b.small, largeSize: &b.large} {
		fd, err := unix.MemfdCreate("bench", unix.MFD_CLOEXEC)
		if err != nil {
			return nil, fmt.Errorf("make a file in memory: %w", err)
		}
		*file = os.NewFile(uintptr(fd), "bench")
		if _, err := io.Copy(*file, lab.Content(size).Reader()); err != nil {
			return nil, fmt.Errorf("fill a file in memory: %w", err)
		}
	}
	return b, nil
}

// path is how another process opens one.
func path(f *os.File) string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd()) }

func (b *bodies) close() {
	_ = b.small.Close()
	_ = b.large.Close()
}
