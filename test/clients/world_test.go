package clients

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"limpid/proxy/scoreboard"
	"limpid/test/lab"
)

// startTime is how long limpid or a server may take to be there.
const startTime = 30 * time.Second

// config leaves the box without an address, and is patient: on a busy machine a process
// may stand still for longer than the watchdog bears by default, and what is carried
// through a restart of the proxy is not compared here.
const config = `
[bridge]
ports = ["eth0", "eth1"]
[management]
address = "none"
[watchdog]
timeout = "10s"
`

// world is a lab with its servers behind one kind of wire.
type world struct {
	lab    *lab.Lab
	limpid *lab.Limpid       // nil: a bare bridge
	board  *scoreboard.Board // of limpid's proxy
	files  *files
	dir    string // what the servers of this world write
	nobody int    // uid and gid of servers that refuse to be root
}

// newWorld builds a lab and starts its servers.
func newWorld(t *testing.T, f *files, bare bool) *world {
	t.Helper()
	w := &world{lab: lab.New(t), files: f, nobody: 65534}
	w.dir = filepath.Join(w.lab.Dir(), "world")
	must(t, os.Mkdir(w.dir, 0o755))
	for _, address := range addresses {
		must(t, w.lab.S1.Command(t.Context(), "ip", "addr", "add", address+"/24", "dev", "eth0").Run())
	}
	if bare {
		_, err := w.lab.PlainBridge()
		must(t, err)
	} else {
		p, err := w.lab.StartLimpid(t.Context(), config)
		must(t, err)
		must(t, p.WaitMode("inline", startTime))
		w.limpid = p
		must(t, w.openBoard())
		t.Cleanup(func() { must(t, w.board.Close()) })
	}
	must(t, w.startServers(t.Context()))
	return w
}

// openBoard maps the proxy's scoreboard, a memory file that the supervisor
// holds: the counters as they are, without asking anyone.
func (w *world) openBoard() error {
	folder := fmt.Sprintf("/proc/%d/fd", w.limpid.PID())
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(folder, e.Name())
		if link, err := os.Readlink(path); err != nil || !strings.HasPrefix(link, "/memfd:") || !strings.Contains(link, "proxy") {
			continue
		}
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer file.Close()
		w.board, err = scoreboard.Open(file)
		return err
	}
	return errors.New("find the proxy's scoreboard: the supervisor holds none")
}

// path is a file or folder of this world.
func (w *world) path(parts ...string) string {
	return filepath.Join(append([]string{w.dir}, parts...)...)
}

// folder makes a folder of this world that any user may write to.
func (w *world) folder(parts ...string) error {
	path := w.path(parts...)
	return errors.Join(os.MkdirAll(path, 0o777), os.Chmod(path, 0o777))
}

// write makes a file of this world; %D in text stands for its folder, %F for
// that of the files all worlds share.
func (w *world) write(name, text string, mode os.FileMode) error {
	path := w.path(name)
	err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(w.expand(text)), mode))
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// serve starts a server in s1 and waits until it listens at address:80. Its
// output goes to <name>.log.
func (w *world) serve(ctx context.Context, name, address string, args ...string) error {
	log, err := os.Create(w.path(name + ".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	for i := range args {
		args[i] = w.expand(args[i])
	}
	cmd := w.lab.S1.Command(context.WithoutCancel(ctx), args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, w.dir
	cmd.Env = append(os.Environ(), "NODE_PATH=/usr/share/nodejs", "PYTHONUNBUFFERED=1")
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for deadline := time.Now().Add(startTime); ; time.Sleep(5 * time.Millisecond) {
		conn, err := w.lab.S1.Dial(ctx, "tcp", "", net.JoinHostPort(address, "80"))
		if err == nil {
			return conn.Close()
		}
		select {
		case err := <-ended:
			said, _ := os.ReadFile(w.path(name + ".log"))
			return fmt.Errorf("start %s: it ended: %w\n%s", name, err, said)
		default:
		}
		if !errors.Is(err, unix.ECONNREFUSED) || time.Now().After(deadline) {
			return fmt.Errorf("wait for %s: %w", name, err)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
