package console

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// takeBack makes this process the one that the terminal belongs to again, after
// the shell's own. A process that does so from the background is sent SIGTTOU.
func takeBack(f *os.File) {
	signal.Ignore(syscall.SIGTTOU)
	defer signal.Reset(syscall.SIGTTOU)
	// Without a controlling terminal there is nothing to take back.
	_ = unix.IoctlSetPointerInt(int(f.Fd()), unix.TIOCSPGRP, unix.Getpgrp())
}
