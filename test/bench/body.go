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

// newBodies makes the large one only if some load asks for it: it takes time
// on an emulated processor.
func newBodies(large bool) (*bodies, error) {
	b := &bodies{}
	files := map[int64]**os.File{smallSize: &b.small}
	if large {
		files[largeSize] = &b.large
	}
	// Real content: a hole would be served from the kernel's one page of zeros,
	// which no proxy meets elsewhere.
	for size, file := range files {
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

// path is how another process opens one; "" if there is none.
func path(f *os.File) string {
	if f == nil {
		return ""
	}
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd())
}

func (b *bodies) close() {
	_ = b.small.Close()
	_ = b.large.Close()
}
