package boot

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// meaning is what a signal asks of process 1: the kernel's Ctrl-Alt-Del is
// SIGINT (reboot(2), LINUX_REBOOT_CMD_CAD_OFF), and busybox's reboot, poweroff and
// halt send the other three, so that they work in the rescue shell.
func meaning(s os.Signal) (Ending, bool) {
	switch s {
	case syscall.SIGINT:
		return Ending{Kind: Reboot, Why: "it was asked for (Ctrl-Alt-Del)"}, true
	case syscall.SIGTERM:
		return Ending{Kind: Reboot, Why: "it was asked for"}, true
	case syscall.SIGUSR2:
		return Ending{Kind: PowerOff, Why: "it was asked for"}, true
	case syscall.SIGUSR1:
		return Ending{Kind: Halt, Why: "it was asked for"}, true
	}
	return Ending{}, false
}

// watchSignals acts on signals, from the first moment on.
func (b *Box) watchSignals(ctx context.Context) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGHUP, syscall.SIGQUIT)
	signal.Ignore(syscall.SIGPIPE)
	b.spawn("settings", func() { b.followSettings(ctx, b.takeSettings) })
	b.spawn("signals", func() { b.heed(ctx, signals) })
}

// heed does what signals ask, and waits for nothing: who holds Ctrl-Alt-Del or the power
// button is heard at once. SIGHUP has changed settings taken over; SIGQUIT writes what
// every goroutine does to the log, where the runtime's own way would end process 1, and
// with it the kernel.
func (b *Box) heed(ctx context.Context, signals <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-signals:
			e, ends := meaning(s)
			switch {
			case ends:
				b.request(e)
			case s == syscall.SIGQUIT:
				stacks := make([]byte, journalSize/2)
				b.journal.note(string(stacks[:runtime.Stack(stacks, true)]))
			default:
				b.askSettings()
			}
		}
	}
}
