package lab

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// keeper is the one thread that lives in a node's namespace for as long as
// the lab does. It opens the node's sockets and starts its processes: a socket
// belongs to the namespace it was made in, whoever uses it later, and a child
// started here with Pdeathsig dies when this thread ends, not when some
// unrelated thread of the Go runtime happens to.
type keeper struct {
	work chan func()
	quit chan struct{} // closed by stop
	done chan struct{} // closed by the thread at its end
	ns   netns.NsHandle
	// mounted says that the thread has its own /sys; only the thread reads it.
	mounted bool
}

// errKeeperGone is what a node says after its lab was closed.
var errKeeperGone = errors.New("the lab is closed")

// startKeeper makes the namespace name, already claimed, and its thread.
func startKeeper(name string) (*keeper, error) {
	k := &keeper{work: make(chan func()), quit: make(chan struct{}), done: make(chan struct{})}
	ready := make(chan error)
	go k.begin(name, ready)
	if err := <-ready; err != nil {
		return nil, err
	}
	return k, nil
}

// begin locks the goroutine to a thread that is not the process's first. That
// one can not end before the process: Go would park it in our namespace.
func (k *keeper) begin(name string, ready chan<- error) {
	runtime.LockOSThread()
	if unix.Gettid() == os.Getpid() {
		passed := make(chan struct{})
		go func() {
			// While we hold the first thread, this one has to be another.
			runtime.LockOSThread()
			close(passed)
			k.begin(name, ready)
		}()
		<-passed
		runtime.UnlockOSThread()
		return
	}
	ns, err := newNamespace(name)
	k.ns = ns
	ready <- err
	if err == nil {
		k.serve()
	}
	close(k.done)
	// Returning while locked ends the thread, and with it its children.
}

// serve does the work that comes until stop.
func (k *keeper) serve() {
	for {
		select {
		case f := <-k.work:
			f()
		case <-k.quit:
			_ = k.ns.Close()
			return
		}
	}
}

// do runs f on the thread and waits for it. f must not block.
func (k *keeper) do(f func() error) error {
	result := make(chan error, 1)
	select {
	case k.work <- func() { result <- f() }:
		return <-result
	case <-k.done:
		return errKeeperGone
	}
}

// privateSys gives the thread a mount namespace whose /sys shows the node's
// interfaces, as `ip netns exec` does: sysfs belongs to the namespace that
// mounted it. Runs on the thread, once.
func (k *keeper) privateSys() error {
	if k.mounted {
		return nil
	}
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("unshare mount namespace: %w", err)
	}
	if err := unix.Mount("", "/", "none", unix.MS_SLAVE|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("keep mounts private: %w", err)
	}
	// Laid over the old one, so that nothing has to be unmounted first.
	if err := unix.Mount("lab", "/sys", "sysfs", 0, ""); err != nil {
		return fmt.Errorf("mount /sys: %w", err)
	}
	k.mounted = true
	return nil
}

// stop ends the thread. Call it once.
func (k *keeper) stop() {
	close(k.quit)
	<-k.done
}
