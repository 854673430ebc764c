package flowtest

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// Listener listens on loopback with a queue of one, which is taken: whoever
// connects stays in SYN-SENT until Accept.
type Listener struct {
	t    testing.TB
	fd   int
	Addr *net.TCPAddr
	// skipped: the connection that takes the queue's place was accepted.
	skipped bool
}

// FullListener makes a Listener.
func FullListener(t testing.TB) *Listener {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	l := &Listener{t: t, fd: fd, Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: name.(*unix.SockaddrInet4).Port}}
	blocker, err := net.DialTCP("tcp4", nil, l.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = blocker.Close() })
	return l
}

// Accept makes room in the queue and takes the connection that waits.
func (l *Listener) Accept(name string) *End {
	l.t.Helper()
	for {
		fd, _, err := unix.Accept4(l.fd, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
		if err != nil {
			l.t.Fatal(err)
		}
		if !l.skipped {
			l.skipped = true
			_ = unix.Close(fd)
			continue
		}
		file := Conn(l.t, fd)
		l.t.Cleanup(func() { _ = file.Close() })
		return &End{t: l.t, Name: name, TCPConn: file}
	}
}

// ClosedPort is a loopback port that nobody listens on.
func ClosedPort(t testing.TB) int {
	t.Helper()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Connecting begins a nonblocking connection to a loopback port, as the intake does.
func Connecting(t testing.TB, port int) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_TCP, unix.TCP_QUICKACK, 0); err != nil {
		t.Fatal(err)
	}
	err = unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	if err != unix.EINPROGRESS {
		t.Fatalf("connect: %v, want EINPROGRESS", err)
	}
	return fd
}
