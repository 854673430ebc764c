package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"golang.org/x/sys/unix"
)

const (
	// maxFrame holds the largest frame of a virtual interface: 64 KiB of IP
	// with GSO, and the link header.
	maxFrame = 1<<16 + 64
	// captureBuffer is what the kernel may hold for one capture, in bytes of
	// its own accounting.
	captureBuffer = 64 << 20
)

// Capture records the frames of one interface, each exactly once.
type Capture struct {
	node   *Node
	iface  Interface
	filter []Filter
	file   *os.File
	done   chan struct{}

	mu     sync.Mutex
	frames []Frame
	grown  chan struct{} // closed and renewed when frames grows
	err    error
}

// Capture starts recording at an interface that the lab made. On a port "box"
// of LANSwitch or WANSwitch it sees what is on the wire next to the box, where
// nothing inside the box can hide it. It has begun when the call returns.
func (n *Node) Capture(iface string, filters ...Filter) (*Capture, error) {
	i, err := n.Interface(iface)
	if err != nil {
		return nil, err
	}
	fd, err := n.packetSocket(iface, unix.ETH_P_ALL)
	if err != nil {
		return nil, fmt.Errorf("capture at %s/%s: %w", n.Name, iface, err)
	}
	c := &Capture{
		node: n, iface: i, filter: filters,
		// A nonblocking descriptor: reads wait in the runtime's poller.
		file: os.NewFile(uintptr(fd), "capture"),
		done: make(chan struct{}), grown: make(chan struct{}),
	}
	go c.read()
	n.lab.keep(c)
	return c, nil
}

// packetSocket opens a packet socket bound to one interface of the node. It is
// made deaf (protocol 0) and hears nothing before it is bound, so that no frame
// of another interface slips in.
func (n *Node) packetSocket(iface string, protocol uint16) (fd int, err error) {
	fd, err = n.socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		return -1, err
	}
	defer func() {
		if err != nil {
			_ = unix.Close(fd)
		}
	}()
	var index int
	err = n.keeper.do(func() error {
		link, err := net.InterfaceByName(iface)
		if err == nil {
			index = link.Index
		}
		return err
	})
	if err != nil {
		return -1, fmt.Errorf("find interface: %w", err)
	}
	for _, o := range [][3]int{
		{unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, captureBuffer},
		{unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1},
		{unix.SOL_PACKET, unix.PACKET_AUXDATA, 1},
	} {
		if err := unix.SetsockoptInt(fd, o[0], o[1], o[2]); err != nil {
			return -1, fmt.Errorf("set socket option: %w", err)
		}
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: networkOrder(protocol), Ifindex: index}); err != nil {
		return -1, fmt.Errorf("bind to interface: %w", err)
	}
	return fd, nil
}

// networkOrder gives a 16-bit number whose bytes in memory are big-endian.
func networkOrder(v uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, v))
}

// read runs until Stop, which makes the read deadline pass; it then takes what
// the kernel still holds.
func (c *Capture) read() {
	defer close(c.done)
	conn, err := c.file.SyscallConn()
	if err != nil {
		c.fail(fmt.Errorf("reach the socket: %w", err))
		return
	}
	d := newDecoder()
	buf, oob := make([]byte, maxFrame), make([]byte, 256)
	err = conn.Read(func(fd uintptr) bool { c.drain(int(fd), d, buf, oob); return false })
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		c.fail(fmt.Errorf("read frames: %w", err))
	}
	err = conn.Control(func(fd uintptr) {
		c.drain(int(fd), d, buf, oob)
		stats, err := unix.GetsockoptTpacketStats(int(fd), unix.SOL_PACKET, unix.PACKET_STATISTICS)
		if err != nil {
			c.fail(fmt.Errorf("read capture statistics: %w", err))
		} else if stats.Drops > 0 {
			c.fail(fmt.Errorf("the kernel dropped %d frames: capture less at a time", stats.Drops))
		}
	})
	if err != nil {
		c.fail(fmt.Errorf("reach the socket: %w", err))
	}
}

// drain takes every frame that is there.
func (c *Capture) drain(fd int, d *decoder, buf, oob []byte) {
	for {
		size, oobSize, flags, from, err := unix.Recvmsg(fd, buf, oob, unix.MSG_DONTWAIT)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.ENETDOWN:
			// Said once when the interface goes down; frames come again later.
			continue
		case err == unix.EAGAIN:
			return // nothing more for now
		case err != nil:
			c.fail(fmt.Errorf("receive frame: %w", err))
			return
		}
		if flags&unix.MSG_TRUNC != 0 {
			c.fail(fmt.Errorf("receive frame: longer than %d bytes", len(buf)))
		}
		when, tag := ancillary(oob[:oobSize])
		f := d.decode(withTag(buf[:size], tag))
		f.Time = when
		if ll, ok := from.(*unix.SockaddrLinklayer); ok {
			f.Outgoing = ll.Pkttype == unix.PACKET_OUTGOING
		}
		// Towards the servers goes what leaves by an interface that faces them,
		// and what arrives by one that does not.
		if c.iface.toServers != f.Outgoing {
			f.Toward = ToClients
		}
		if passes(f, c.filter) {
			c.add(f)
		}
	}
}

// add keeps a frame and wakes whoever waits for one.
func (c *Capture) add(f Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frames = append(c.frames, f)
	close(c.grown)
	c.grown = make(chan struct{})
}

// fail keeps an error for Stop and WaitFor: a capture goes on after one, so that
// what can be seen is seen.
func (c *Capture) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = errors.Join(c.err, fmt.Errorf("capture at %s/%s: %w", c.node.Name, c.iface.Name, err))
}

// Frames returns what was recorded so far.
func (c *Capture) Frames() []Frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.frames)
}

// WaitFor waits until enough says that the frames so far will do.
func (c *Capture) WaitFor(ctx context.Context, enough func([]Frame) bool) error {
	for {
		c.mu.Lock()
		frames, grown, err := c.frames, c.grown, c.err
		c.mu.Unlock()
		if err != nil {
			return err
		}
		if enough(frames) {
			return nil
		}
		select {
		case <-grown:
		case <-c.done:
			return fmt.Errorf("wait for frames at %s/%s: the capture has stopped, %d frames", c.node.Name, c.iface.Name, len(frames))
		case <-ctx.Done():
			return fmt.Errorf("wait for frames at %s/%s, %d so far: %w", c.node.Name, c.iface.Name, len(frames), context.Cause(ctx))
		}
	}
}

// Stop ends the recording and returns all frames. It is an error if one was
// lost: a capture that may have holes proves nothing. Stopping twice is
// harmless.
func (c *Capture) Stop() ([]Frame, error) {
	// Fails only when stopped already.
	_ = c.file.SetReadDeadline(time.Now())
	<-c.done
	_ = c.file.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.frames), c.err
}

// Save writes what was recorded so far as a pcap file.
func (c *Capture) Save(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("save capture: %w", err)
	}
	w := pcapgo.NewWriterNanos(f)
	err = w.WriteFileHeader(maxFrame, layers.LinkTypeEthernet)
	for _, frame := range c.Frames() {
		if err == nil {
			err = w.WritePacket(gopacket.CaptureInfo{
				Timestamp: frame.Time, CaptureLength: len(frame.Data), Length: len(frame.Data),
			}, frame.Data)
		}
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("save capture %s: %w", path, err)
	}
	return nil
}

// keep remembers a capture for saving on failure and for Close.
func (l *Lab) keep(c *Capture) {
	l.mu.Lock()
	l.captures = append(l.captures, c)
	l.mu.Unlock()
	l.onClose(func() error {
		// What was wrong with it is for whoever asks for the frames.
		_, _ = c.Stop()
		return nil
	})
}

// SaveCaptures writes every capture of the lab into a directory, named by
// order, node and interface, and returns the paths.
func (l *Lab) SaveCaptures(dir string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("save captures: %w", err)
	}
	l.mu.Lock()
	captures := slices.Clone(l.captures)
	l.mu.Unlock()
	var paths []string
	for i, c := range captures {
		path := filepath.Join(dir, fmt.Sprintf("%02d-%s-%s.pcap", i+1, c.node.Name, c.iface.Name))
		if err := c.Save(path); err != nil {
			return paths, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}
