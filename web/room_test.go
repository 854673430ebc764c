package web

import (
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What nobody takes is not kept for long.
func TestConnectionsAreAbandoned(t *testing.T) {
	plain, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := newRoom().limit(plain)
	defer listener.Close()
	client, err := new(net.Dialer).DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	held, ok := conn.(*roomConn)
	if !ok {
		t.Fatalf("%T", conn)
	}
	tcp, ok := held.Conn.(*net.TCPConn)
	if !ok {
		t.Fatalf("%T", held.Conn)
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var got int
	if cerr := raw.Control(func(fd uintptr) { got, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT) }); cerr != nil || err != nil {
		t.Fatal(cerr, err)
	}
	if time.Duration(got)*time.Millisecond != writeTimeout {
		t.Errorf("it is kept for %d ms", got)
	}
}
