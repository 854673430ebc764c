package supervise

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"limpid/appliance/child"
	"limpid/appliance/link"
)

// lastWords is for how long a child that is gone is still heard.
const lastWords = 100 * time.Millisecond

// command says how to start a child.
type command struct {
	name  string
	path  string   // of the program
	args  []string // argv, its first the name shown by ps
	env   []string
	user  child.User
	files func(link int) []int // descriptors from child.LinkFD on
	log   *lineLog
}

// process is a child that runs, or has run.
type process struct {
	pid   int
	begun time.Time
	link  *link.Conn
	proc  *os.Process

	done  chan struct{} // closed when it has ended and its last words are read
	ended string        // how; set before done is closed
	stuck bool          // asked not to be started again

	mu     sync.Mutex
	reason string        // why it was killed by us; empty when it was not
	reaped bool          // the kernel has forgotten it
	cpu    time.Duration // what it used, once it is reaped
}

// start starts a child. It uses ForkExec, not os/exec: that would make the
// listeners and the hand-over queue blocking for every process that shares
// them, by calling Fd on them.
func start(c command) (*process, error) {
	conn, peer, err := link.Pair()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	defer unix.Close(peer)
	reader, writer, err := os.Pipe()
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	defer writer.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		_, _ = conn.Close(), reader.Close()
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	defer null.Close()

	files := []uintptr{null.Fd(), writer.Fd(), writer.Fd()}
	for _, fd := range c.files(peer) {
		files = append(files, uintptr(fd)) // child.Absent is what ForkExec leaves closed
	}
	if c.user.Batch || c.user.Nice != 0 {
		defer schedule(c.user)()
	}
	pid, err := syscall.ForkExec(c.path, c.args, &syscall.ProcAttr{
		Dir: "/", Env: c.env, Files: files,
		Sys: &syscall.SysProcAttr{
			Credential:  &syscall.Credential{Uid: c.user.UID, Gid: c.user.GID},
			AmbientCaps: c.user.Capabilities,
			Setsid:      true, // Ctrl-C is for the supervisor alone
		},
	})
	if err != nil {
		_, _ = conn.Close(), reader.Close()
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	proc, err := os.FindProcess(pid)
	if err != nil {
		_, _ = conn.Close(), reader.Close()
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	p := &process{pid: pid, begun: time.Now(), link: conn, proc: proc, done: make(chan struct{})}
	go p.wait(c.log, reader)
	return p, nil
}

// schedule has what this goroutine starts scheduled as its user is to be, until
// the function it returns is called: policy and nice value are inherited (sched(7)).
// A kernel that refuses costs some CPU time and nothing else.
func schedule(user child.User) (restore func()) {
	runtime.LockOSThread()
	before, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		return runtime.UnlockOSThread
	}
	wanted := *before
	if user.Batch {
		wanted.Policy = unix.SCHED_BATCH
	}
	wanted.Nice = max(before.Nice, int32(user.Nice))
	_ = unix.SchedSetAttr(0, &wanted, 0)
	return func() {
		_ = unix.SchedSetAttr(0, before, 0)
		runtime.UnlockOSThread()
	}
}

// wait owns the process until it has ended: it passes on what it writes, and
// reaps it.
func (p *process) wait(log *lineLog, stderr *os.File) {
	defer close(p.done)
	words := make(chan string, 1)
	go func() { words <- log.copy(stderr) }()
	state, err := p.proc.Wait()
	p.account(state)
	// A grandchild could hold link and pipe open; nobody waits for that.
	p.link.EndWithin(lastWords)
	_ = stderr.SetReadDeadline(time.Now().Add(lastWords))
	last := <-words
	_ = stderr.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.reason != "":
		p.ended = "was killed: " + p.reason
	case err != nil:
		p.ended = "is lost: " + err.Error()
	default:
		p.ended = exitText(state)
		p.stuck = state.ExitCode() == child.ExitNoRestart
		if last != "" && !state.Success() {
			p.ended += ": " + last
		}
	}
}

// account notes what the process used.
func (p *process) account(state *os.ProcessState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaped = true
	if state != nil {
		p.cpu = state.UserTime() + state.SystemTime()
	}
}

// used is the processor time of a process that is gone.
func (p *process) used() (cpu time.Duration, gone bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cpu, p.reaped
}

func exitText(state *os.ProcessState) string {
	status, ok := state.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return "was ended by " + unix.SignalName(status.Signal())
	}
	return "exited with " + strings.TrimPrefix(state.String(), "exit status ")
}

// kill ends the process at once, whatever it is doing; reason is for the record.
func (p *process) kill(reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reason == "" {
		p.reason = reason
	}
	_ = p.proc.Kill()
}

// strike sends a signal that no process can catch. Killed by it, the process was killed
// for that reason.
func (p *process) strike(signal syscall.Signal, reason string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if signal == syscall.SIGKILL && p.reason == "" {
		p.reason = reason
	}
	return p.proc.Signal(signal)
}

// stop asks the process to end, and kills it when it has not after patience.
func (p *process) stop(patience time.Duration) {
	_ = p.proc.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(patience):
		p.kill(fmt.Sprintf("did not end within %v", patience))
		<-p.done
	}
}
