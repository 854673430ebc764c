package poweron

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Port is the far end of a network card: a datagram is a frame.
type Port struct {
	conn         *net.UnixConn
	ours, theirs string
}

func newPort(dir, name string) (*Port, error) {
	p := &Port{ours: filepath.Join(dir, name), theirs: filepath.Join(dir, name+"q")}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: p.ours, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("make port: %w", err)
	}
	p.conn = conn
	return p, nil
}

// Close gives it back.
func (p *Port) Close() { p.conn.Close() }

// Send sends a frame. A card that is not there yet loses it.
func (p *Port) Send(frame []byte) {
	_, _ = p.conn.WriteTo(frame, &net.UnixAddr{Name: p.theirs, Net: "unixgram"})
}

// Receive gives the next frame that comes within a time.
func (p *Port) Receive(within time.Duration) ([]byte, error) {
	if err := p.conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		return nil, err
	}
	buffer := make([]byte, 64<<10)
	n, err := p.conn.Read(buffer)
	if os.IsTimeout(err) {
		return nil, fmt.Errorf("no frame within %v: %w", within, err)
	}
	return buffer[:n], err
}
