package supervise

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
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

// pageSockets are those there are.
type pageSockets struct {
	mu  sync.Mutex
	all []pageSocket
}

// keep closes those that are not wanted any longer, makes the ones that are missing, as
// far as it can, and says whether they are others now.
func (p *pageSockets) keep(ctx context.Context, wanted []string) (changed bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = slices.DeleteFunc(p.all, func(s pageSocket) bool {
		gone := !slices.Contains(wanted, s.address)
		if gone {
			_ = s.file.Close()
			changed = true
		}
		return gone
	})
	var errs []error
	for _, address := range wanted {
		if slices.ContainsFunc(p.all, func(s pageSocket) bool { return s.address == address }) {
			continue
		}
		socket, err := listenPage(ctx, address)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		p.all, changed = append(p.all, socket), true
	}
	return changed, errors.Join(errs...)
}

// addresses are where they listen, in the order of files.
func (p *pageSockets) addresses() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, s := range p.all {
		all = append(all, s.address)
	}
	return all
}

// files are the descriptors of the page's process from child.LinkFD on. They become
// blocking for all that share them, which only that process does: it makes them its own.
func (p *pageSockets) files(link int) []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	files := []int{link}
	for _, s := range p.all {
		files = append(files, int(s.file.Fd()))
	}
	return files
}

func (p *pageSockets) close() {
	_, _ = p.keep(context.Background(), nil)
}
