package console

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// terminal is a tty without echo and line editing.
type terminal struct {
	file  *os.File
	saved unix.Termios
}

// openTerminal opens a tty, which does not become the process's own: its signals
// are for the rescue shell.
func openTerminal(path string) (*terminal, error) {
	file, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("open console: %w", err)
	}
	t := &terminal{file: file}
	saved, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("open console %s: %w", path, err)
	}
	t.saved = *saved
	return t, t.raw()
}

// raw has each key come at once, Ctrl-C like any other.
func (t *terminal) raw() error {
	raw := t.saved
	raw.Lflag &^= unix.ICANON | unix.ECHO | unix.ISIG | unix.IEXTEN
	raw.Iflag &^= unix.IXON | unix.ICRNL
	raw.Oflag |= unix.OPOST | unix.ONLCR
	raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 1, 0
	return t.set(raw)
}

func (t *terminal) set(termios unix.Termios) error {
	if err := unix.IoctlSetTermios(int(t.file.Fd()), unix.TCSETS, &termios); err != nil {
		return fmt.Errorf("set console: %w", err)
	}
	return nil
}

// restore leaves it as it was, and cleared.
func (t *terminal) restore() error {
	if _, err := t.file.WriteString(leave); err != nil {
		return fmt.Errorf("leave console: %w", err)
	}
	return t.set(t.saved)
}

// size is the terminal's, or what a serial line is taken to have: it tells none.
func (t *terminal) size() (width, height int) {
	size, err := unix.IoctlGetWinsize(int(t.file.Fd()), unix.TIOCGWINSZ)
	if err != nil || size.Col < 40 || size.Row < 12 {
		return 80, 24
	}
	return int(size.Col), int(size.Row)
}
