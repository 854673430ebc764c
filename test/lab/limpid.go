package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stopTime is how long a stopped limpid may take: its children end, their
// flows with them, and the bridge is left forwarding.
const stopTime = 10 * time.Second

// Limpid is a `limpid supervise` that runs in the box.
type Limpid struct {
	// Path is the binary, Config the configuration file, RunDir the directory
	// of its control socket, LogPath the file its stderr goes to.
	Path, Config, RunDir, LogPath string

	lab  *Lab
	cmd  *Cmd
	done chan struct{} // closed when the supervisor has ended
	exit error         // what Wait said; read after done
}

// EnvFlowMemory names where every limpid of a lab remembers flows (`limpid supervise
// --flow-memory`); empty for where it does by itself.
const EnvFlowMemory = "LIMPID_FLOW_MEMORY"

// StartLimpid writes the configuration and starts `limpid supervise` in the
// box, with extra arguments at the end. It returns at once: WaitMode tells when
// it is ready. ctx bounds the preparation (and the build, if one is needed),
// not the process: that ends by Stop, Kill or the lab's Close.
func (l *Lab) StartLimpid(ctx context.Context, config string, extra ...string) (*Limpid, error) {
	dir, err := os.MkdirTemp(l.dir, "limpid-")
	if err != nil {
		return nil, fmt.Errorf("start limpid: %w", err)
	}
	// The children run as other users and come through here.
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, fmt.Errorf("start limpid: %w", err)
	}
	p := &Limpid{
		Config: filepath.Join(dir, "limpid.toml"), RunDir: filepath.Join(dir, "run"), LogPath: filepath.Join(dir, "log"),
		lab: l, done: make(chan struct{}),
	}
	if p.Path, err = Binary(ctx, dir); err != nil {
		return nil, err
	}
	if err := os.WriteFile(p.Config, []byte(config), 0o644); err != nil {
		return nil, fmt.Errorf("start limpid: %w", err)
	}
	if err := p.start(extra); err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.limpids = append(l.limpids, p)
	l.mu.Unlock()
	l.onClose(p.end)
	return p, nil
}

// start runs the supervisor and the one goroutine that waits for it.
func (p *Limpid) start(extra []string) error {
	// A file, not a pipe: no reader can slow limpid down, and what its
	// children write after its death is kept too.
	log, err := os.OpenFile(p.LogPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("start limpid: %w", err)
	}
	defer log.Close()
	args := []string{"supervise", "-c", p.Config, "--run", p.RunDir}
	if memory := os.Getenv(EnvFlowMemory); memory != "" {
		args = append(args, "--flow-memory", memory)
	}
	args = append(args, extra...)
	p.cmd = p.lab.Box.Command(context.Background(), p.Path, args...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return err
	}
	go func() {
		p.exit = p.cmd.Wait()
		close(p.done)
	}()
	return nil
}

// PID is the supervisor's.
func (p *Limpid) PID() int { return p.cmd.Process.Pid }

// Done is closed when the supervisor has ended, and Exit then says how: nil,
// or an *exec.ExitError.
func (p *Limpid) Done() <-chan struct{} { return p.done }

// Exit waits for the end of the supervisor.
func (p *Limpid) Exit() error {
	<-p.done
	return p.exit
}

// Log returns what limpid wrote to stderr so far.
func (p *Limpid) Log() string {
	b, err := os.ReadFile(p.LogPath)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Run runs another subcommand against this limpid, like Run(ctx, "bypass",
// "on"), in the box and with --run added. It returns stdout; a failure's error
// holds what the command wrote to stderr.
func (p *Limpid) Run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := p.lab.Box.Command(ctx, p.Path, append(args, "--run", p.RunDir)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("run limpid %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}

// Status runs `limpid status --json`.
func (p *Limpid) Status(ctx context.Context) (Status, error) {
	out, err := p.Run(ctx, "status", "--json")
	if err != nil {
		return Status{}, err
	}
	return parseStatus(out)
}

// WaitMode waits until limpid is in that mode: "inline" or "bypass". The error
// tells the last status and the end of the log.
func (p *Limpid) WaitMode(mode string, timeout time.Duration) error {
	return p.WaitStatus(timeout, "mode "+mode, func(s Status) bool { return s.Mode == mode })
}

// WaitStatus waits until ok likes the status; what says in the error what that
// would have been.
func (p *Limpid) WaitStatus(timeout time.Duration, what string, ok func(Status) bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	for last := errors.New("never asked"); ; {
		s, err := p.Status(ctx)
		switch {
		case err == nil && ok(s):
			return nil
		case err == nil:
			last = fmt.Errorf("status was %s", s.Raw)
		case ctx.Err() == nil:
			last = err
		}
		select {
		case <-p.done:
			if p.exit == nil {
				return fmt.Errorf("wait for %s: limpid ended by itself, code 0:\n%s", what, p.tail())
			}
			return fmt.Errorf("wait for %s: limpid ended: %w\n%s", what, p.exit, p.tail())
		case <-ctx.Done():
			return fmt.Errorf("wait for %s, %s: %w\n%s", what, timeout, last, p.tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// tail is the last 20 lines of the log.
func (p *Limpid) tail() string {
	lines := strings.SplitAfter(p.Log(), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "")
}

// ChildPID asks for the process id of "gate", "proxy" or "web".
func (p *Limpid) ChildPID(ctx context.Context, child string) (int, error) {
	s, err := p.Status(ctx)
	if err != nil {
		return 0, err
	}
	pid := map[string]int{"gate": s.Gate.PID, "proxy": s.Proxy.PID, "web": s.Web.PID}[child]
	if pid <= 0 {
		return 0, fmt.Errorf("find %s: the status names no %s.pid: %s", child, child, s.Raw)
	}
	return pid, nil
}

// Signal sends a signal to the supervisor.
func (p *Limpid) Signal(s syscall.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("send %s to limpid %s: %w", s, strconv.Itoa(p.PID()), err)
	}
	return nil
}

// Stop ends limpid as an init system does, with SIGTERM, and returns its exit:
// nil for code 0. If it is not gone after 10 s it is killed, which is an error.
func (p *Limpid) Stop() error {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.done:
		if p.exit != nil {
			return fmt.Errorf("stop limpid: %w\n%s", p.exit, p.tail())
		}
		return nil
	case <-time.After(stopTime):
		return errors.Join(fmt.Errorf("stop limpid: still there %s after SIGTERM:\n%s", stopTime, p.tail()), p.Kill())
	}
}

// Kill sends SIGKILL to the supervisor alone and waits for its end.
func (p *Limpid) Kill() error {
	if err := p.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.done
	return nil
}

// end is for Close: what still runs is killed; a test that cares how limpid
// ends calls Stop.
func (p *Limpid) end() error {
	select {
	case <-p.done:
		return nil
	default:
		return p.Kill()
	}
}
