package supervise

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"limpid/appliance/child"
	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/bridge"
	"limpid/interceptor"
)

// fakeWire is a bridge that a test breaks and mends.
type fakeWire struct {
	ensureErr error
	changes   chan WireState
}

func wholeWire() WireState {
	return WireState{MAC: [6]byte{2, 0, 0, 0, 0, 1}, Wire: control.Wire{LAN: control.Link{Name: "eth0", Present: true, Up: true, Carrier: true}}}
}

func (w *fakeWire) Ensure(context.Context) (WireState, error) { return wholeWire(), w.ensureErr }

func (w *fakeWire) Watch(ctx context.Context, changed func(WireState)) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case state := <-w.changes:
			changed(state)
		}
	}
}

func (w *fakeWire) Traffic() (lan, wan bridge.Traffic, err error) {
	lan.Present, lan.Received.Bytes, lan.Received.Packets, wan.Sent.Packets = true, 1234, 7, 8
	return lan, wan, nil
}

func (w *fakeWire) Look(context.Context) (bridge.Look, error) { return bridge.Look{}, nil }

func (w *fakeWire) Learned() (bridge.Learned, error) { return bridge.Learned{LAN: 1}, nil }

func (w *fakeWire) Gateways(bridge.Status) ([]bridge.Neighbour, error) { return nil, nil }

func (w *fakeWire) SetAddress(context.Context, netip.Prefix, netip.Addr) error { return nil }

// fakeCapture notes what is asked of the kernel's rules.
type fakeCapture struct {
	kernel

	mu       sync.Mutex
	applyErr error
	applied  int
	last     *config.Config // that was applied
	closed   bool
}

func (c *fakeCapture) Methods() (string, string) { return "redirect", "accept" }

func (c *fakeCapture) Apply(_ context.Context, conf *config.Config, mac [6]byte, flows int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.applied++
	if mac != wholeWire().MAC || flows < 1 {
		return fmt.Errorf("mac %v, flows %d", mac, flows)
	}
	if conf.Intercept.Capture == config.CaptureBroute {
		return errors.New("intercept.capture is broute: this kernel cannot")
	}
	if c.applyErr == nil {
		c.last = conf
	}
	return c.applyErr
}

func (c *fakeCapture) inEffect() *config.Config { c.mu.Lock(); defer c.mu.Unlock(); return c.last }

func (c *fakeCapture) Counters() (Counters, error) { return Counters{Captured: 11, Bridged: 22}, nil }
func (c *fakeCapture) Text() (string, error)       { return "rules", nil }

func (c *fakeCapture) Inspect(context.Context) (interceptor.Found, error) {
	return interceptor.Found{}, nil
}

func (c *fakeCapture) Owner() int     { return child.Absent }
func (c *fakeCapture) Close() error   { c.mu.Lock(); c.closed = true; c.mu.Unlock(); return nil }
func (c *fakeCapture) set(err error)  { c.mu.Lock(); c.applyErr = err; c.mu.Unlock() }
func (c *fakeCapture) isClosed() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.closed }

// box is a supervisor with real children, and fakes for the kernel.
type box struct {
	ahead    atomic.Int64 // ns that the clock of the settings is fast
	options  Options
	settings testSettings
	wire     *fakeWire
	capture  *fakeCapture
	log      *safeBuffer
	client   *control.Client
	reload   chan os.Signal
	stop     func() error // ends the supervisor, once
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}
func (s *safeBuffer) String() string { s.mu.Lock(); defer s.mu.Unlock(); return s.b.String() }

// newBox makes a box that does not run yet.
func newBox(t *testing.T) *box {
	t.Helper()
	// The children run as other users and connect to nothing here but sockets.
	dir := t.TempDir()
	b := &box{wire: &fakeWire{changes: make(chan WireState)}, capture: &fakeCapture{}, log: &safeBuffer{}, reload: make(chan os.Signal, 1)}
	b.options = Options{
		ConfigPath: filepath.Join(dir, "limpid.toml"), RunDir: filepath.Join(dir, "run"), Version: "test", Board: "x86_64",
		Log: slog.New(slog.NewTextHandler(b.log, nil)), Reload: b.reload,
		OpenWire: func(context.Context, *config.Config, *slog.Logger) (Wire, error) { return b.wire, nil },
		LeaveWire: func(_ context.Context, former, fresh *config.Config, log *slog.Logger) (bool, error) {
			if BridgeSpec(former).SamePorts(BridgeSpec(fresh)) {
				return false, nil
			}
			log.Info("left", "former", former.Bridge.Ports[1], "fresh", fresh.Bridge.Ports[1])
			return true, nil
		},
		OpenCapture: func(context.Context, *config.Config, time.Duration, *slog.Logger) (Capture, error) {
			return b.capture, nil
		},
		GateSettings: func(told Told) any {
			s := b.settings
			s.Origin = told.Origin
			return s
		},
		ProxySettings: func(told Told) any {
			s := b.settings
			s.Loops = told.Loops
			if told.Config.Proxy.NonHTTP == config.NonHTTPReset {
				s.Refuse = ""
			}
			return s
		},
		WebSettings: func(Page) any { return b.settings },
		Program:     "/proc/self/exe", Arguments: func(name string) []string { return []string{name} }, Env: os.Environ(),
		KeepAddress: func(context.Context, *config.Config, Wire, <-chan struct{}, *slog.Logger) {},
	}
	b.configure(t, freePort(t), "")
	return b
}

func (b *box) configure(t *testing.T, port int, more string) {
	t.Helper()
	text := fmt.Sprintf("[bridge]\nports = [\"eth0\", \"eth1\"]\n[watchdog]\ninterval = \"50ms\"\ntimeout = \"1s\"\n[web]\nlisten = []\n[proxy]\nport = %d\n%s", port, more)
	if err := os.WriteFile(b.options.ConfigPath, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	address, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal(l.Addr())
	}
	return address.Port
}

func (b *box) run(t *testing.T) *Supervisor {
	t.Helper()
	s, err := New(t.Context(), b.options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	b.client = control.NewClient(b.options.RunDir)
	b.stop = sync.OnceValue(func() error {
		b.client.Close()
		cancel()
		return <-done
	})
	t.Cleanup(func() {
		if err := b.stop(); err != nil {
			t.Errorf("run: %v", err)
		}
		if t.Failed() {
			t.Log(b.log)
		}
	})
	return s
}

// await polls the status until ok likes it.
func (b *box) await(t *testing.T, what string, ok func(control.Status) bool) control.Status {
	t.Helper()
	var s control.Status
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if s, err = b.client.Status(t.Context()); err == nil && ok(s) {
			return s
		}
	}
	t.Fatalf("never %s: %+v, %v\n%s", what, s, err, b.log)
	return s
}

func isInline(s control.Status) bool { return s.Mode == control.Inline }

// sameGoroutines fails a test that leaves goroutines behind.
func sameGoroutines(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				stacks := make([]byte, 1<<20)
				t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
			}
		}
	})
}

func TestBoxComesUpAndLeavesInOrder(t *testing.T) {
	sameGoroutines(t)
	fds := descriptors(t)
	b := newBox(t)
	b.run(t)
	s := b.await(t, "inline", isInline)
	if s.Gate.PID == 0 || s.Proxy.PID == 0 || s.Gate.Restarts != 0 || s.Capture != "redirect" || s.Handshake != "accept" ||
		s.Flows.Captured != 11 || s.Flows.Bridged != 22 || s.Reason != "" || s.Version != "test" || !s.Wire.LAN.Carrier || s.LastGapMS != 0 {
		t.Errorf("status %+v", s)
	}
	list, err := b.client.Flows(t.Context(), 10)
	holders := map[string]uint64{}
	for _, f := range list.Flows {
		holders[f.Holder] = f.ID
	}
	if err != nil || list.Total != 2 || holders["gate"] != uint64(s.Gate.PID) || holders["proxy"] != uint64(s.Proxy.PID) {
		t.Errorf("flows %+v, %v", list, err)
	}
	if err := b.client.ResetFlow(t.Context(), 7); err != nil {
		t.Errorf("reset of a flow that is there: %v", err)
	}
	if err := b.client.ResetFlow(t.Context(), 8); err == nil || !strings.Contains(err.Error(), "no such flow") {
		t.Errorf("reset of a flow that is not there: %v", err)
	}
	if rules, err := b.client.Rules(t.Context()); err != nil || rules.Text != "rules" {
		t.Errorf("rules %+v, %v", rules, err)
	}
	if u, err := b.client.Update(t.Context()); err != nil || u.Slots || u.Version != "test" || u.Board != "x86_64" {
		t.Errorf("update %+v, %v", u, err)
	}
	for name, ask := range map[string]func() (control.Update, error){
		"upload": func() (control.Update, error) {
			return b.client.Upload(t.Context(), control.Upload{Size: 6}, strings.NewReader("bundle"))
		},
		"back":   func() (control.Update, error) { return b.client.GoBack(t.Context()) },
		"reboot": func() (control.Update, error) { return b.client.Reboot(t.Context()) },
		"plan":   func() (control.Update, error) { return b.client.PlanReboot(t.Context(), time.Now()) },
	} {
		if _, err := ask(); err == nil || !strings.Contains(err.Error(), "does not run from a firmware slot") {
			t.Errorf("%s without slots: %v", name, err)
		}
	}
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	if !b.capture.isClosed() || b.capture.armed {
		t.Errorf("after the end capture is closed %v, armed %v", b.capture.isClosed(), b.capture.armed)
	}
	for _, pid := range []int{s.Gate.PID, s.Proxy.PID} {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("child %d lives on: %v", pid, err)
		}
	}
	if after := descriptors(t); after > fds {
		t.Errorf("%d descriptors open, %d before", after, fds)
	}
}

// descriptors counts what is open, but for what the runtime keeps for good.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && !strings.HasPrefix(to, "anon_inode:") {
			n++
		}
	}
	return n
}

func TestChildrenHoldOnlyWhatIsTheirs(t *testing.T) {
	b := newBox(t)
	b.run(t)
	s := b.await(t, "inline", isInline)
	for _, c := range []struct {
		pid  int
		user child.User
		caps string
		fds  []int
	}{
		// CAP_NET_BIND_SERVICE 10, CAP_NET_ADMIN 12, CAP_NET_RAW 13 (include/uapi/linux/capability.h).
		{s.Gate.PID, child.GateUser(), "0000000000003400", []int{0, 1, 2, 4, 5, 6, 7, 8, 9}},
		{s.Proxy.PID, child.ProxyUser(), "0000000000000000", []int{0, 1, 2, 4, 5}},
	} {
		got := processStatus(t, c.pid)
		id := strconv.Itoa(int(c.user.UID))
		for key, want := range map[string]string{
			"Uid": strings.Join([]string{id, id, id, id}, " "), "Gid": strings.Join([]string{id, id, id, id}, " "), "Groups": "",
			"CapEff": c.caps, "CapPrm": c.caps, "CapAmb": c.caps, "NoNewPrivs": "1",
		} {
			if got[key] != want {
				t.Errorf("pid %d: %s is %q, want %q", c.pid, key, got[key], want)
			}
		}
		// All but the link, of which the child keeps a copy with another number.
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", c.pid))
		if err != nil {
			t.Fatal(err)
		}
		for _, fd := range c.fds {
			if !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == strconv.Itoa(fd) }) {
				t.Errorf("pid %d has no descriptor %d", c.pid, fd)
			}
		}
		for _, e := range entries {
			to, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", c.pid, e.Name()))
			if strings.Contains(to, b.options.RunDir) {
				t.Errorf("pid %d holds %s", c.pid, to)
			}
		}
	}
}

func processStatus(t *testing.T, pid int) map[string]string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		fields[key] = strings.Join(strings.Fields(value), " ")
	}
	return fields
}

func TestKilledChildrenAreReplaced(t *testing.T) {
	b := newBox(t)
	b.run(t)
	before := b.await(t, "inline", isInline)
	for _, pid := range []int{before.Proxy.PID, before.Gate.PID} {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	after := b.await(t, "inline again", func(s control.Status) bool {
		return isInline(s) && s.Proxy.Restarts == 1 && s.Gate.Restarts == 1
	})
	if after.Proxy.PID == before.Proxy.PID || after.Gate.PID == before.Gate.PID {
		t.Errorf("pids are %d and %d as before", after.Gate.PID, after.Proxy.PID)
	}
	if want := "was ended by SIGKILL"; after.Proxy.LastExit != want || after.Gate.LastExit != want {
		t.Errorf("last exits %q and %q, want %q", after.Gate.LastExit, after.Proxy.LastExit, want)
	}
	if b.capture.disarms == 0 {
		t.Error("capture was never disarmed")
	}
	if after.Flows.Active != 0 {
		t.Errorf("%d flows active after their proxy's end", after.Flows.Active)
	}
	told := fmt.Sprintf(`{\"pid\":%d}`, after.Proxy.PID)
	if !strings.Contains(b.log.String(), told) {
		t.Errorf("the gate was not told %s", told)
	}
}

func TestHungChildrenAreKilled(t *testing.T) {
	for name, pid := range map[string]func(control.Status) control.Process{
		"gate":  func(s control.Status) control.Process { return s.Gate },
		"proxy": func(s control.Status) control.Process { return s.Proxy },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t)
			b.run(t)
			hung := pid(b.await(t, "inline", isInline)).PID
			if err := syscall.Kill(hung, syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			s := b.await(t, "inline with another "+name, func(s control.Status) bool { return isInline(s) && pid(s).PID != hung })
			if got := pid(s).LastExit; !strings.Contains(got, "was killed: no heartbeat for") {
				t.Errorf("last exit %q", got)
			}
			if s.LastGapMS == 0 {
				t.Error("a hang left no gap")
			}
		})
	}
}

func TestChildThatCannotRunIsNotRestarted(t *testing.T) {
	b := newBox(t)
	b.settings.Refuse = "proxy"
	b.run(t)
	s := b.await(t, "given up", func(s control.Status) bool { return s.Proxy.LastExit != "" && s.Proxy.PID == 0 })
	if s.Mode != control.Bypass || !strings.Contains(s.Reason, "these settings do not work") || s.Proxy.Restarts != 0 {
		t.Errorf("status %+v", s)
	}
	// New settings are a reason to try again.
	c, err := config.Load(b.options.ConfigPath)
	if err != nil {
		t.Fatal(err)
	}
	b.configure(t, int(c.Proxy.Port), "non_http = \"reset\"\n")
	b.reload <- syscall.SIGHUP
	b.await(t, "inline", isInline)
}

func TestPanicIsTheReason(t *testing.T) {
	b := newBox(t)
	b.settings.Panic = "gate"
	b.run(t)
	s := b.await(t, "crashed", func(s control.Status) bool { return s.Gate.Restarts > 1 })
	if !strings.Contains(s.Gate.LastExit, "exited with 2: panic: a bug in the gate") || s.Mode != control.Bypass {
		t.Errorf("status %+v", s)
	}
}

func TestOrderedBypassOutlivesRestarts(t *testing.T) {
	b := newBox(t)
	b.run(t)
	before := b.await(t, "inline", isInline)
	s, err := b.client.SetBypass(t.Context(), true, time.Hour)
	if err != nil || s.Mode != control.Bypass || !s.Bypass.On || s.Bypass.Until.IsZero() {
		t.Fatalf("bypass on: %+v, %v", s, err)
	}
	if err := syscall.Kill(before.Proxy.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s = b.await(t, "restarted", func(s control.Status) bool { return s.Proxy.Restarts == 1 && s.Proxy.PID != 0 })
	if s.Mode != control.Bypass || !strings.Contains(s.Reason, "operator") {
		t.Errorf("after a restart: %+v", s)
	}
	if _, err := b.client.SetBypass(t.Context(), false, 0); err != nil {
		t.Fatal(err)
	}
	b.await(t, "inline", isInline)
}

func TestBrokenWireAndRulesAreBypassWithAReason(t *testing.T) {
	b := newBox(t)
	b.capture.set(errors.New("install tables limpid: no space"))
	b.run(t)
	s := b.await(t, "bypass", func(s control.Status) bool { return s.Mode == control.Bypass && strings.Contains(s.Reason, "no space") })
	if len(s.Problems) != 1 || !strings.Contains(s.Problems[0], "rules: install tables limpid: no space") {
		t.Errorf("problems %q", s.Problems)
	}
	b.capture.set(nil)
	s = b.await(t, "inline by itself", isInline)
	if len(s.Problems) != 0 {
		t.Errorf("problems %q stay after they are mended", s.Problems)
	}
	broken := wholeWire()
	broken.Broken = "port eth1 is missing"
	b.wire.changes <- broken
	b.await(t, "bypass", func(s control.Status) bool { return s.Mode == control.Bypass && s.Reason == "port eth1 is missing" })
	b.wire.changes <- wholeWire()
	b.await(t, "inline", isInline)
}

func TestReloadKeepsTheLastGoodConfiguration(t *testing.T) {
	b := newBox(t)
	b.run(t)
	before := b.await(t, "inline", isInline)
	c, err := config.Load(b.options.ConfigPath)
	if err != nil {
		t.Fatal(err)
	}
	for more, want := range map[string]string{
		"prot = 1\n":                      "the last good one stays",
		"[intercept]\nipv6 = false\n":     "key=intercept.ipv6",
		"[bridge.x]\n":                    "the last good one stays",
		"[management]\nvlan = 7\n":        "key=management",
		"[intercept]\nports = [80, 81]\n": "configuration is taken over",
	} {
		b.configure(t, int(c.Proxy.Port), more)
		b.reload <- syscall.SIGHUP
		b.await(t, want, func(control.Status) bool { return strings.Contains(b.log.String(), want) })
	}
	b.configure(t, int(c.Proxy.Port), "[intercept]\ncapture = \"broute\"\n")
	b.reload <- syscall.SIGHUP
	s := b.await(t, "refused by the kernel", func(s control.Status) bool {
		return slices.Contains(s.Problems, "configuration: intercept.capture is broute: this kernel cannot")
	})
	if !isInline(s) {
		t.Errorf("a configuration that was refused ended in %s: %s", s.Mode, s.Reason)
	}
	// None of this was a reason to restart anybody.
	s = b.await(t, "inline", isInline)
	if s.Gate.PID != before.Gate.PID || s.Proxy.PID != before.Proxy.PID {
		t.Errorf("children were restarted: %+v", s)
	}
}

func TestStartThatFailsTouchesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*testing.T, *box)
		want  string
	}{
		"no configuration": {func(_ *testing.T, b *box) { b.options.ConfigPath += ".absent" }, "limpid.toml.absent"},
		"no such kernel": {func(_ *testing.T, b *box) {
			b.options.OpenCapture = func(context.Context, *config.Config, time.Duration, *slog.Logger) (Capture, error) {
				return nil, errors.New("meet captured packets with TPROXY: this kernel cannot")
			}
		}, "this kernel cannot"},
		"no such port": {func(_ *testing.T, b *box) {
			b.options.OpenWire = func(context.Context, *config.Config, *slog.Logger) (Wire, error) {
				return nil, errors.New("port eth9 does not exist")
			}
		}, "port eth9 does not exist"},
		"directory is locked": {func(t *testing.T, b *box) {
			t.Helper()
			file, err := lockDir(b.options.RunDir)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = file.Close() })
		}, "limpid supervise with pid " + strconv.Itoa(os.Getpid())},
		"port is taken": {func(t *testing.T, b *box) {
			t.Helper()
			l, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			b.configure(t, int(netip.MustParseAddrPort(l.Addr().String()).Port()), "")
		}, "another process has that port"},
	} {
		t.Run(name, func(t *testing.T) {
			sameGoroutines(t)
			b := newBox(t)
			c.spoil(t, b)
			_, err := New(t.Context(), b.options)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %q", err, c.want)
			}
			if b.log.String() != "" {
				t.Errorf("logged beside it: %s", b.log)
			}
			if b.capture.applied != 0 {
				t.Error("rules were installed")
			}
		})
	}
}

func TestOrphansAreEnded(t *testing.T) {
	dir := t.TempDir()
	proc, err := os.StartProcess("/bin/sleep", []string{"sleep", "60"}, &os.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan string, 1)
	go func() {
		state, err := proc.Wait()
		if err != nil {
			done <- err.Error()
			return
		}
		done <- state.String()
	}()
	if err := rememberChildren(dir, map[string]int{"gate": proc.Pid, "proxy": 1 << 30}); err != nil {
		t.Fatal(err)
	}
	if err := endOrphans(t.Context(), dir, 50*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got != "signal: killed" {
		t.Errorf("the orphan ended with %q", got)
	}
	// The same number with another start is somebody else: this process.
	text := fmt.Sprintf(`[{"name":"gate","pid":%d,"start":"1"}]`, os.Getpid())
	if err := os.WriteFile(filepath.Join(dir, orphansName), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := endOrphans(t.Context(), dir, 0); err != nil {
		t.Fatal(err)
	}
}
