package boot

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a console that lines are shown on. It is written to by a goroutine of
// its own: a serial line may stand still for as long as its other end likes.
type terminal struct {
	lines chan []byte
	once  sync.Once
	left  chan struct{} // closed when it was let go of
}

// leaveTime bounds how long the last lines are waited for: at 115200 baud a second is 11 KiB.
const leaveTime = 2 * time.Second

// terminalLines is how many writes a slow console may be behind; further ones are lost to it.
const terminalLines = 512

func openTerminal(path string) (*terminal, error) {
	f, err := openTTY(path)
	if err != nil {
		return nil, err
	}
	t := &terminal{lines: make(chan []byte, terminalLines), left: make(chan struct{})}
	go func() {
		defer close(t.left)
		for line := range t.lines {
			if _, err := f.Write(line); err == nil {
				continue
			}
			// When a shell that it belonged to ends, a terminal is hung up for everybody.
			f.Close()
			if f, err = openTTY(path); err != nil {
				break
			}
			_, _ = f.Write(line)
		}
		f.Close()           // nil is fine
		for range t.lines { // nobody must wait for it
			continue
		}
	}()
	return t, nil
}

// openTTY opens a terminal without making it this process's own: Ctrl-C there is
// not for process 1.
func openTTY(path string) (*os.File, error) { return os.OpenFile(path, os.O_WRONLY|unix.O_NOCTTY, 0) }

// Write never blocks and never fails.
func (t *terminal) Write(p []byte) (int, error) {
	select {
	case t.lines <- append([]byte(nil), p...):
	default:
	}
	return len(p), nil
}

// Close lets go of the console once what was written to it is shown, and waits a
// little for that: what comes next there is not to be mixed with it.
func (t *terminal) Close() error {
	t.once.Do(func() { close(t.lines) })
	select {
	case <-t.left:
	case <-time.After(leaveTime):
	}
	return nil
}

// activeConsoles reads the kernel's consoles, such as "tty0 ttyS0", as devices to
// show a screen on. tty0 stands for the screen, whose first terminal is tty1.
func activeConsoles(active string) []string {
	var devices []string
	for name := range strings.FieldsSeq(active) {
		if name == "tty0" {
			name = "tty1"
		}
		devices = append(devices, filepath.Join("/dev", name))
	}
	return devices
}

// consoles gives the devices of this kernel's consoles.
func consoles() []string {
	text, err := os.ReadFile("/sys/class/tty/console/active")
	if err != nil {
		return []string{"/dev/console"}
	}
	return activeConsoles(string(text))
}
