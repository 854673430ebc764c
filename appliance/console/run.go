package console

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"limpid/appliance/control"
)

// Options are what a console is made of.
type Options struct {
	Path      string // of the tty
	RunDir    string
	Version   string
	Actions   Actions
	Addresses func() []string
}

// Times.
const (
	lookEvery = time.Second
	askLimit  = 2 * time.Second
	tellFor   = 5 * time.Second  // what became of a key
	sureFor   = 15 * time.Second // a question that nobody answers is a no
)

// console is a running one.
type console struct {
	Options
	terminal *terminal
	screen   *Screen
	client   *control.Client
	known    Known
	asking   *Key
	until    time.Time // of asking or telling

	keys chan byte
	gone chan error    // the terminal cannot be read
	next chan struct{} // the last key was acted on
}

// Run shows the screen until ctx ends or the terminal is gone.
func Run(ctx context.Context, o Options) error {
	c := &console{Options: o, client: control.NewClient(o.RunDir), known: Known{Version: o.Version}}
	defer c.client.Close()
	if err := c.open(); err != nil {
		return err
	}
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	c.look(ctx)
	for {
		if _, err := c.terminal.file.WriteString(c.screen.Draw(Lines(c.known))); err != nil {
			return fmt.Errorf("write to console: %w", err)
		}
		select {
		case <-ctx.Done():
			return c.terminal.restore()
		case err := <-c.gone:
			return fmt.Errorf("read console: %w", err)
		case key := <-c.keys:
			next := c.next // of the terminal that the key is from: a shell leaves another one behind
			if err := c.press(ctx, key); err != nil {
				return err
			}
			if c.next == next {
				next <- struct{}{} // has room: one key is read at a time
			}
			c.look(ctx)
		case <-ticks.C:
			c.look(ctx)
		}
	}
}

// open takes the terminal, and reads its keys.
func (c *console) open() error {
	t, err := openTerminal(c.Path)
	if err != nil {
		return err
	}
	c.terminal, c.screen = t, NewScreen(t.size())
	c.keys, c.gone, c.next = make(chan byte), make(chan error, 1), make(chan struct{}, 1)
	go readKeys(t.file, c.keys, c.gone, c.next)
	return nil
}

// look asks how things are.
func (c *console) look(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	c.known.Now, c.known.Status = time.Now(), nil
	if s, err := c.client.Status(asking); err == nil {
		c.known.Status = &s
	}
	c.known.Box = control.ReadBox(c.RunDir)
	c.known.Addresses = c.Addresses()
	if !c.until.IsZero() && time.Now().After(c.until) {
		c.say("")
	}
}

// say shows a line in the place of the keys.
func (c *console) say(text string) {
	c.asking, c.known.Asking, c.known.Told, c.until = nil, "", text, time.Time{}
	if text != "" {
		c.until = time.Now().Add(tellFor)
	}
}

// press acts on a key.
func (c *console) press(ctx context.Context, char byte) error {
	if sure := c.asking; sure != nil {
		c.say("")
		if char == 'y' || char == 'Y' {
			c.act(ctx, *sure)
		}
		return nil
	}
	c.say("")
	if char == noise {
		return nil // nor is the screen drawn anew: two consoles may be wired to each other
	}
	for _, k := range Keys(c.known) {
		if k.Char != char|0x20 { // either case
			continue
		}
		switch {
		case k.shell:
			return c.shell(ctx)
		case k.Sure != "":
			c.asking, c.known.Asking, c.until = &k, k.Sure, time.Now().Add(sureFor)
		default:
			c.act(ctx, k)
		}
		return nil
	}
	// Any other key draws anew what somebody else may have written there.
	c.screen.Forget()
	return nil
}

func (c *console) act(ctx context.Context, k Key) {
	told, err := k.do(ctx, c.Actions)
	if err != nil {
		told = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	c.say(told)
}

// shell gives the terminal to a rescue shell until it ends. With it ends the
// session that the terminal belongs to, and the kernel hangs the terminal up
// (tty_ioctl(4)): it is opened anew.
func (c *console) shell(ctx context.Context) error {
	if err := c.terminal.restore(); err != nil {
		return err
	}
	fmt.Fprint(c.terminal.file, "Rescue shell. The box goes on working; exit leads back. The log of the box is "+c.RunDir+"/box.log.\n")
	// Not a login shell: a profile would set another prompt.
	cmd := exec.CommandContext(ctx, "/bin/sh", "-i")
	cmd.Dir, cmd.Env = "/", append(os.Environ(), "PS1=limpid# ")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.terminal.file, c.terminal.file, c.terminal.file
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err := cmd.Run()
	close(c.next)
	c.terminal.file.Close()
	if err := c.open(); err != nil {
		return err
	}
	// The status of the last command in it says nothing about the shell.
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		c.say("Rescue shell: " + err.Error())
	}
	return nil
}
