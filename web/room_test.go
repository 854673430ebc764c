package web

import (
	"net"
	"strconv"
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

// Whoever fills the room keeps out others, and not the box itself.
func TestRoomIsBounded(t *testing.T) {
	plain, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := newRoom().limit(plain)
	defer listener.Close()
	port := plain.Addr().(*net.TCPAddr).Port
	accepted := make(chan net.Conn, 2*maxConnections)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- conn
		}
	}()
	// Each visitor is either accepted or reset.
	visit := func(from string) (in bool) {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		conn, err := d.DialContext(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return false // the reset was there first
		}
		t.Cleanup(func() { _ = conn.Close() })
		reset := make(chan error, 1)
		go func() {
			_, err := conn.Read(make([]byte, 1))
			reset <- err
		}()
		select {
		case c := <-accepted:
			t.Cleanup(func() { _ = c.Close() })
			return true
		case <-reset:
			return false
		}
	}
	held := 0
	for i := range maxFromOne + 1 {
		if in := visit("127.0.0.2"); in != (i < maxFromOne) {
			t.Errorf("visitor %d from one address: let in is %v", i, in)
		} else if in {
			held++
		}
	}
	for i := 3; held < maxConnections; i++ {
		if in := visit("127.0.0." + strconv.Itoa(i%200+3)); in {
			held++
		}
	}
	if in := visit("127.0.0.250"); in {
		t.Error("one more was let in")
	}
	if in := visit("127.0.0.1"); !in {
		t.Error("the box itself was kept out")
	}
}
