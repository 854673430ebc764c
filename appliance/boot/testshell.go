//go:build testimage

package boot

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// testShellLine is the serial line that the test shell reads from. It is not the console: that is the status screen's.
const testShellLine = "/dev/ttyS1"

// startTestShell runs what comes in on the second serial line, line by line, as root. It is in images that tests boot
// and in no other: only a build with tag "testimage" has it.
//
// A line is "ID COMMAND"; the answer is "begin ID", what the command has written, and "end ID STATUS" on lines of their own.
func (b *Box) startTestShell(ctx context.Context) {
	b.spawn("test shell", func() {
		for ctx.Err() == nil {
			if err := b.testShell(ctx); err != nil && !errors.Is(err, os.ErrNotExist) {
				b.log.Error("test shell", "error", err)
			}
			// The line is not there before /dev is.
			time.Sleep(100 * time.Millisecond)
		}
	})
}

func (b *Box) testShell(ctx context.Context) error {
	line, err := os.OpenFile(testShellLine, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	defer line.Close()
	if err := makeRaw(line); err != nil {
		return err
	}
	lines := bufio.NewScanner(line)
	for lines.Scan() {
		id, command, ok := strings.Cut(lines.Text(), " ")
		if !ok {
			continue
		}
		out, status := b.testCommand(ctx, command)
		if _, err := fmt.Fprintf(line, "begin %s\n%s\nend %s %d\n", id, out, id, status); err != nil {
			return err
		}
	}
	return errors.Join(lines.Err(), io.ErrUnexpectedEOF)
}

// testCommand runs a command by the shell, and gives what it wrote and its exit status.
func (b *Box) testCommand(ctx context.Context, command string) (out []byte, status int) {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	var written bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Env = &written, &written, environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.WaitDelay = time.Second // for what it leaves in the background
	if err := b.reaper.Start(cmd); err != nil {
		return []byte(err.Error()), 127
	}
	err := b.reaper.Wait(cmd)
	if err != nil && cmd.ProcessState.Success() {
		err = nil // something in the background holds its output
	}
	if err != nil && cmd.ProcessState.ExitCode() < 0 {
		fmt.Fprintf(&written, "%v\n", err)
	}
	return written.Bytes(), cmd.ProcessState.ExitCode()
}

// makeRaw has a line carry bytes as they are, and not echo them.
func makeRaw(line *os.File) error {
	settings, err := unix.IoctlGetTermios(int(line.Fd()), unix.TCGETS)
	if err != nil {
		return fmt.Errorf("set up %s: %w", line.Name(), err)
	}
	settings.Iflag, settings.Oflag, settings.Lflag = 0, 0, 0
	settings.Cflag = unix.CS8 | unix.CREAD | unix.CLOCAL | unix.B115200
	settings.Cc[unix.VMIN], settings.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(int(line.Fd()), unix.TCSETS, settings); err != nil {
		return fmt.Errorf("set up %s: %w", line.Name(), err)
	}
	return nil
}
