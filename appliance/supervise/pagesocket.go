package supervise

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// pageSocket is a listening socket of the web page's, as web.listen names it.
type pageSocket struct {
	address string
	file    *os.File
}

// listenPage makes one. The address need not be the box's yet, or any longer: what
// DHCP gives is followed by a socket that was there before it (ip(7), IP_FREEBIND).
func listenPage(ctx context.Context, address string) (pageSocket, error) {
	control := func(network, _ string, c syscall.RawConn) error {
		var option error
		err := c.Control(func(fd uintptr) {
			option = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_FREEBIND, 1)
			if network == "tcp6" {
				option = errors.Join(option, unix.SetsockoptInt(int(fd), unix.SOL_IPV6, unix.IPV6_FREEBIND, 1))
			}
		})
		return errors.Join(err, option)
	}
	listener, err := (&net.ListenConfig{Control: control}).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return pageSocket{}, fmt.Errorf("listen on %s: another program has that port: end it, or name another in web.listen", address)
	case err != nil:
		return pageSocket{}, fmt.Errorf("listen on %s: %w: correct web.listen", address, err)
	}
	defer listener.Close()
	tcp, ok := listener.(*net.TCPListener)
	if !ok {
		return pageSocket{}, fmt.Errorf("listen on %s: %v is no TCP address", address, listener.Addr())
	}
	file, err := tcp.File()
	if err != nil {
		return pageSocket{}, fmt.Errorf("listen on %s: %w", address, err)
	}
	return pageSocket{address, file}, nil
}

// files are the page's descriptors from child.LinkFD on. They become blocking
// for all that share them, which only the page's process does: it makes them its own.
func (p *page) files(link int) []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	files := []int{link}
	for _, s := range p.sockets {
		files = append(files, int(s.file.Fd()))
	}
	return files
}
