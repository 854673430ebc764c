package firmware

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// Shell runs commands inside a machine: over its second serial line, at the other end of which is a limpid that was built
// with tag "testimage" (appliance/boot/testshell.go). Its methods may be called by several goroutines; commands run one
// after the other.
type Shell struct {
	socket string

	mu sync.Mutex
	n  int
}

// Shell is the machine's.
func (m *Machine) Shell() *Shell { return m.shell }

// Failure is a command that ended with a status other than 0.
type Failure struct {
	Command, Output string
	Status          int
}

func (f *Failure) Error() string {
	return fmt.Sprintf("run %q in the machine: status %d: %s", f.Command, f.Status, strings.TrimSpace(f.Output))
}

// Run runs a command by the machine's shell (busybox), as root, and gives what it wrote to standard output and standard
// error. A command that ends with a status other than 0 is a *Failure. The machine must have got as far as process 1.
func (s *Shell) Run(ctx context.Context, command string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	output, status, err := s.run(ctx, strconv.Itoa(s.n), command)
	if err != nil {
		return output, fmt.Errorf("run %q in the machine: %w", command, err)
	}
	if status != 0 {
		return output, &Failure{command, output, status}
	}
	return output, nil
}

func (s *Shell) run(ctx context.Context, id, command string) (output string, status int, err error) {
	if strings.Contains(command, "\n") {
		return "", 0, errors.New("it has more than one line")
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", s.socket)
	if err != nil {
		return "", 0, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if _, err := fmt.Fprintf(conn, "%s %s\n", id, command); err != nil {
		return "", 0, err
	}
	output, status, err = parseAnswer(bufio.NewReader(conn), id)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return output, status, err
}

// parseAnswer reads what the shell says to one command, past what it still had to say to one that was given up.
func parseAnswer(from *bufio.Reader, id string) (output string, status int, err error) {
	var text strings.Builder
	begun := false
	for {
		line, err := from.ReadString('\n')
		if err != nil {
			return text.String(), 0, err
		}
		ended, isEnd := strings.CutPrefix(line, "end "+id+" ")
		switch {
		case line == "begin "+id+"\n":
			begun = true
		case begun && isEnd:
			status, err := strconv.Atoi(strings.TrimSpace(ended))
			// The line break before it is not the command's.
			return strings.TrimSuffix(text.String(), "\n"), status, err
		case begun:
			text.WriteString(line)
		}
	}
}

// shellOf is the shell of the machine with this folder.
func shellOf(dir string) *Shell { return &Shell{socket: filepath.Join(dir, shellName)} }
