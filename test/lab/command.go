package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Cmd is an exec.Cmd that starts in a node. Use its own Start, Run, Output and
// CombinedOutput; the other methods and the fields are those of exec.Cmd.
type Cmd struct {
	*exec.Cmd
	node *Node
}

// Command prepares a program to run in the node's namespaces: its network, and
// a /sys that shows the node's interfaces. It is started from the node's own
// thread rather than through `ip netns exec`: nothing need be installed, the
// pid is the program's own, and it is killed when the lab ends in any way,
// also with the process that built it (PR_SET_PDEATHSIG acts on the thread
// that started a child, and that thread lives exactly as long as the lab).
func (n *Node) Command(ctx context.Context, name string, args ...string) *Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	// A grandchild that keeps the output open does not hold up Wait.
	cmd.WaitDelay = 2 * time.Second
	return &Cmd{Cmd: cmd, node: n}
}

// Start starts the program.
func (c *Cmd) Start() error {
	if c.Dir == "" {
		// The node's thread has a working directory of its own.
		dir, err := os.Getwd()
		if err != nil {
			return fmt.Errorf("find the working directory: %w", err)
		}
		c.Dir = dir
	}
	err := c.node.keeper.do(func() error {
		if err := c.node.keeper.privateSys(); err != nil {
			return err
		}
		return c.Cmd.Start()
	})
	if err != nil {
		return fmt.Errorf("start %s in %s: %w", c.Args[0], c.node.Name, err)
	}
	return nil
}

// Run starts the program and waits for its end.
func (c *Cmd) Run() error {
	if err := c.Start(); err != nil {
		return err
	}
	return c.Wait()
}

// Output runs the program and returns what it wrote to standard output; an
// *exec.ExitError carries the rest.
func (c *Cmd) Output() ([]byte, error) {
	if c.Stdout != nil {
		return nil, errors.New("run program: Stdout is set already")
	}
	var stdout, stderr bytes.Buffer
	c.Stdout = &stdout
	own := c.Stderr == nil
	if own {
		c.Stderr = &stderr
	}
	err := c.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && own {
		exit.Stderr = stderr.Bytes()
	}
	return stdout.Bytes(), err
}

// CombinedOutput runs the program and returns all it wrote.
func (c *Cmd) CombinedOutput() ([]byte, error) {
	if c.Stdout != nil || c.Stderr != nil {
		return nil, errors.New("run program: Stdout or Stderr is set already")
	}
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	return out.Bytes(), err
}
