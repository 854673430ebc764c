package leg

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"

	"limpid/proxy/eventloop"
	"limpid/proxy/socket"
)

// Owner is told when one of its legs may be able to move bytes.
type Owner interface{ Drive() }

// interest is what every leg is registered for, once.
const interest = unix.EPOLLIN | unix.EPOLLPRI | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET

type state uint16

const (
	readable   state = 1 << iota // a read may find something
	writable                     // a write may be taken
	connecting                   // connect(2) has not ended
	lost                         // connect(2) has failed
	closing                      // the peer's FIN has come: behind the next short read there is nothing
	thorough                     // a short read says nothing: broken, or urgent data
	inline                       // urgent data is read in its place
	ended                        // its end was read
	finished                     // our FIN was sent
	broken                       // reset, timed out, or otherwise gone
	closed                       // the descriptor is no longer ours
)

// Leg is one nonblocking stream socket of a flow.
type Leg struct {
	owner Owner
	fd    int32
	state state
	// errno is why connect failed or the connection broke, 0 if neither.
	errno uint16
}

// open registers fd. Epoll reports its state at once, so nothing is assumed.
func (l *Leg) open(loop *eventloop.Loop, fd int, isConnecting bool, owner Owner) error {
	l.fd, l.owner, l.state = int32(fd), owner, 0
	if isConnecting {
		l.state = connecting
	}
	return loop.Add(fd, interest, l)
}

func (l *Leg) is(s state) bool { return l.state&s != 0 }

// Ready takes what epoll reports and wakes the owner.
func (l *Leg) Ready(events uint32) {
	if l.is(closed) {
		return // asked for Again before it was closed
	}
	if l.is(connecting) && events != 0 {
		l.connected(events)
	}
	if events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		l.state |= readable
	}
	if events&unix.EPOLLOUT != 0 {
		l.state |= writable
	}
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP) != 0 {
		l.state |= closing
	}
	if events&unix.EPOLLERR != 0 {
		l.state |= broken | thorough
	}
	if events&unix.EPOLLPRI != 0 {
		// Reads stop short at urgent data.
		l.keepUrgent()
		l.state |= readable | thorough
	}
	l.owner.Drive()
}

// keepUrgent has urgent data (RFC 6093) go on as plain data, in its place: a read that begins
// at it leaves it out otherwise.
func (l *Leg) keepUrgent() {
	if !l.is(inline) {
		l.state |= inline
		_ = socket.Set(int(l.fd), unix.SOL_SOCKET, unix.SO_OOBINLINE, 1)
	}
}

// connected learns from the first events how connect(2) ended. A reset right
// after the handshake is a connection that broke, not one that failed.
func (l *Leg) connected(events uint32) {
	if events&(unix.EPOLLERR|unix.EPOLLHUP) == 0 {
		l.state &^= connecting
		return
	}
	code, err := unix.GetsockoptInt(int(l.fd), unix.SOL_SOCKET, unix.SO_ERROR)
	l.state &^= connecting
	switch errno := unix.Errno(code); {
	case err == nil && (errno == unix.ECONNRESET || errno == unix.EPIPE):
		l.fail(errno)
	case err == nil && errno != 0:
		l.errno = uint16(errno)
		l.state |= lost
	default:
		l.errno = uint16(unix.ENOTCONN)
		l.state |= lost
	}
}

// fail notes that the connection is gone. What it had received may still be
// readable.
func (l *Leg) fail(errno unix.Errno) {
	l.errno = uint16(errno)
	l.state |= broken | thorough
	l.state &^= writable
}

// read reads into b once. It returns 0 when there is nothing now, at the end,
// and after a break; state tells which.
func (l *Leg) read(b []byte) int {
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(l.fd),
			uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), unix.MSG_DONTWAIT, 0, 0)
		if errno == unix.EINTR {
			continue
		}
		return l.gotten(int(n), errno, int(n) < len(b))
	}
}

// gotten notes the outcome of a read. A short read emptied the socket: the next
// bytes are a new edge (epoll(7), question 9), and when FIN has come, which the
// kernel takes in order (net/ipv4/tcp_input.c, tcp_fin), there are none. After
// a break reading goes on until it shows.
func (l *Leg) gotten(n int, errno unix.Errno, short bool) int {
	switch {
	case errno == unix.EAGAIN:
		l.state &^= readable
		return 0
	case errno != 0:
		l.state &^= readable
		l.state |= ended
		l.fail(errno)
		return 0
	case n == 0:
		l.state &^= readable
		l.state |= ended
		return 0
	}
	if short && !l.is(thorough) {
		l.state &^= readable
		if l.is(closing) {
			l.state |= ended
		}
	}
	return n
}

// spliced notes the outcome of a splice(2). One does not get past urgent data: it finds nothing
// there, or the end where FIN or a reset has come behind (net/ipv4/tcp.c, tcp_read_sock and
// tcp_splice_read). Of nothing the edge of the urgent data makes another end, of the rest
// read does, to which the socket stays readable. How full a pipe is depends on how the bytes
// came in packets: a short splice says nothing about what is left.
func (l *Leg) spliced(n int, errno unix.Errno) int {
	switch {
	case errno == unix.EAGAIN:
		l.state &^= readable
		return 0
	case errno != 0:
		l.fail(errno)
		return 0
	}
	return n
}

// over reports whether the peer has sent FIN and all before it was read.
func (l *Leg) over() bool { return l.is(ended) && !l.is(broken) }

// write sends as much of b as the socket takes. last says that FIN follows: the
// kernel waits for it and sends it with the data (net/ipv4/tcp_output.c,
// tcp_send_fin), which saves both ends a segment.
func (l *Leg) write(b []byte, last bool) int {
	flags := uintptr(unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL)
	if last {
		flags |= unix.MSG_MORE
	}
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(l.fd),
			uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), flags, 0, 0)
		if errno == unix.EINTR {
			continue
		}
		return l.put(int(n), errno)
	}
}

// put notes the outcome of a write. A short one does not mean that the socket
// is full: splice(2) ends short for reasons of its own, and only EAGAIN
// promises an edge when there is room again (net/core/stream.c).
func (l *Leg) put(n int, errno unix.Errno) int {
	switch {
	case errno == unix.EAGAIN:
		l.state &^= writable
		return 0
	case errno != 0:
		// What the peer sent before it went may still be there to read.
		l.fail(errno)
		l.state |= readable
		return 0
	}
	return n
}

// finish sends FIN.
func (l *Leg) finish() {
	l.state |= finished
	if err := socket.Finish(int(l.fd)); err != nil && !errors.Is(err, unix.ENOTCONN) {
		l.fail(unix.ECONNRESET)
	}
}

// close ends the socket orderly: FIN, if it was not sent yet.
func (l *Leg) close(loop *eventloop.Loop) {
	if l.is(closed) || l.owner == nil {
		return
	}
	l.state |= closed
	loop.Forget(int(l.fd))
	socket.Close(int(l.fd))
}

// reset ends the socket with RST: SO_LINGER of 0 s (socket(7)).
func (l *Leg) reset(loop *eventloop.Loop) {
	if l.is(closed) || l.owner == nil {
		return
	}
	socket.Abort(int(l.fd))
	l.close(loop)
}
