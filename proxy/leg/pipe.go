package leg

import "golang.org/x/sys/unix"

const (
	// pipeSize is what a pipe is asked to hold, in bytes. A larger one saves
	// calls and costs more all the same: four times as much a time took a third
	// more CPU time for the same bytes.
	pipeSize = 64 << 10
	// pipeLeast is what it must hold to be worth using, in bytes. A user with
	// many pipes gets ones of one or two pages (pipe(7), pipe-user-pages-soft).
	pipeLeast = 64 << 10
	// pipesAtMost bounds the pipes of a pool, in use and spare.
	pipesAtMost = 64
)

// Descriptors is how many descriptors a pool holds at most, beside its pairs: of
// pipes, of sockets that linger, and a timer's.
const Descriptors = 2*pipesAtMost + lingerMost + 1

// pipe carries bytes from one socket to another without a copy.
type pipe struct {
	in, out int32 // ends to splice from and to
	held    int   // bytes in it
}

// pipe returns an empty pipe, or nil when none can be had.
func (p *Pool) pipe() *pipe {
	if n := len(p.pipes); n > 0 {
		free := p.pipes[n-1]
		p.pipes = p.pipes[:n-1]
		return free
	}
	if p.pipesOut >= pipesAtMost {
		return nil
	}
	var fds [2]int
	if unix.Pipe2(fds[:], unix.O_NONBLOCK|unix.O_CLOEXEC) != nil {
		return nil
	}
	made := &pipe{in: int32(fds[0]), out: int32(fds[1])}
	size, err := unix.FcntlInt(uintptr(fds[1]), unix.F_SETPIPE_SZ, pipeSize)
	if err != nil {
		size, err = unix.FcntlInt(uintptr(fds[1]), unix.F_GETPIPE_SZ, 0)
	}
	if err != nil || size < pipeLeast {
		made.close()
		return nil
	}
	p.pipesOut++
	return made
}

// putPipe takes a pipe back. One with bytes in it is closed: they belong to a
// flow that has ended.
func (p *Pool) putPipe(x *pipe) {
	if x.held > 0 {
		x.close()
		p.pipesOut--
		return
	}
	p.pipes = append(p.pipes, x)
}

func (x *pipe) close() {
	_ = unix.Close(int(x.in))
	_ = unix.Close(int(x.out))
}

// fill moves up to limit bytes from l into an empty pipe. Like all calls on a hot path
// this one and drain are unseen by the scheduler, whose monitor would wake every
// 20 µs to look at them: a twelfth of the CPU time of large bodies (eventloop, wait.go).
func (x *pipe) fill(l *Leg, limit int) int {
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_SPLICE, uintptr(l.fd), 0, uintptr(x.out), 0,
			uintptr(limit), unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		if errno == unix.EINTR {
			continue
		}
		got := l.spliced(int(n), errno)
		x.held += got
		return got
	}
}

// drain moves what the pipe holds to l.
func (x *pipe) drain(l *Leg) int {
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_SPLICE, uintptr(x.in), 0, uintptr(l.fd), 0,
			uintptr(x.held), unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		if errno == unix.EINTR {
			continue
		}
		sent := l.put(int(n), errno)
		x.held -= sent
		return sent
	}
}
