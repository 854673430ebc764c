package packets

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// errFull says that a frame no longer fits.
var errFull = errors.New("file is full")

// Lengths of blocks, in bytes (draft-ietf-opsawg-pcapng): what is around a frame, and
// what is kept for the statistics of an interface.
const (
	blockLength = 32
	statsLength = 96
)

// Port is an interface that frames come from.
type Port struct {
	Name   string `json:"name"`   // "client" or "server"
	Device string `json:"device"` // of the kernel's
	Index  int    `json:"index"`
}

// file writes pcapng, to a certain size.
type file struct {
	to      *counter
	ng      *pcapng
	ports   []Port
	written []uint64 // frames, by port
	size    int64    // with what is still in the writer's buffer
	most    int64
}

// newFile begins a file of at most so many bytes.
func newFile(w io.Writer, ports []Port, most int64, version string) (*file, error) {
	to := &counter{w: w}
	f := &file{to: to, ng: newPcapng(to), ports: ports, written: make([]uint64, len(ports)), most: most}
	err := f.ng.section("limpid " + version)
	for _, p := range ports {
		err = errors.Join(err, f.ng.port(p.Name, p.Device+", the "+p.Name+"s' port"))
	}
	if err != nil {
		return nil, fmt.Errorf("write capture: %w", err)
	}
	if err := f.flush(); err != nil {
		return nil, err
	}
	f.size = f.to.n
	return f, nil
}

// add writes a frame; errFull: it does not fit.
func (f *file) add(fr frame) error {
	port := slices.IndexFunc(f.ports, func(p Port) bool { return p.Index == fr.index })
	if port < 0 {
		return fmt.Errorf("write capture: a frame is of interface %d, which nobody asked for", fr.index)
	}
	length := int64(blockLength + (len(fr.data)+3)&^3)
	if f.size+length+int64(len(f.ports)*statsLength) > f.most {
		return errFull
	}
	if err := f.ng.packet(port, fr); err != nil {
		return fmt.Errorf("write capture: %w", err)
	}
	f.size += length
	f.written[port]++
	return nil
}

// finish ends the file with what is known of its interfaces. How many frames the
// kernel has dropped is known of the socket, and so of an interface that is alone.
func (f *file) finish(dropped uint64) error {
	for i, n := range f.written {
		var lost *uint64
		if len(f.ports) == 1 {
			n, lost = n+dropped, &dropped
		}
		if err := f.ng.statistics(i, time.Now(), n, lost); err != nil {
			return fmt.Errorf("write capture: %w", err)
		}
	}
	return f.flush()
}

func (f *file) flush() error {
	if err := f.ng.flush(); err != nil {
		return fmt.Errorf("write capture: %w", err)
	}
	return nil
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n int64
}

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
