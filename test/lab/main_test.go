package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestMain lets the test binary play other programs, chosen by its first
// argument: a limpid that keeps to the contract and does nothing, and a
// process that builds a lab and is then killed.
func TestMain(m *testing.M) {
	roles := map[string]func() error{"supervise": fakeSupervise, "status": fakeStatus, "bypass": fakeBypass, "stale": staleLab}
	if len(os.Args) > 1 && roles[os.Args[1]] != nil {
		if err := roles[os.Args[1]](); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func argument(name string) string {
	if i := slices.Index(os.Args, name); i >= 0 && i+1 < len(os.Args) {
		return os.Args[i+1]
	}
	return ""
}

// fakeSupervise says on stderr which interfaces its /sys shows, has one child
// that nobody ends, and writes what fakeStatus prints.
func fakeSupervise() error {
	links, err := filepath.Glob("/sys/class/net/eth*")
	if err != nil {
		return err
	}
	config, err := os.ReadFile(argument("-c"))
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "ports %s config %s", strings.Join(links, " "), config)
	if strings.Contains(string(config), "broken") {
		return fmt.Errorf("read limpid.toml: line 1: broken")
	}
	child := exec.CommandContext(context.Background(), "sleep", "1000")
	if err := child.Start(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	status := fmt.Sprintf(`{"mode":"inline","reason":"healthy","gate":{"pid":%d},"flows":{"captured":7},"last_gap_ms":1.5}`, child.Process.Pid)
	if err := os.Mkdir(argument("--run"), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(argument("--run"), "status"), []byte(status), 0o644); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func fakeStatus() error {
	b, err := os.ReadFile(filepath.Join(argument("--run"), "status"))
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(b)
	return err
}

func fakeBypass() error {
	if os.Args[2] != "on" {
		return fmt.Errorf("bypass %s: want on", os.Args[2])
	}
	return os.WriteFile(filepath.Join(argument("--run"), "status"), []byte(`{"mode":"bypass"}`), 0o644)
}

// staleLab builds a lab with a process that outlives it, says so, and waits to
// be killed.
func staleLab() error {
	l, err := Build(context.Background(), Options{})
	if err != nil {
		return err
	}
	orphan := l.C1.Command(context.Background(), "sleep", "1000")
	orphan.SysProcAttr = nil // without Pdeathsig
	if err := orphan.Start(); err != nil {
		return err
	}
	fmt.Println(orphan.Process.Pid)
	select {}
}

// must fails the test on an error that is not its subject.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// plain builds a lab whose box is an ordinary bridge.
func plain(t *testing.T) *Lab {
	t.Helper()
	l := New(t)
	_, err := l.PlainBridge()
	must(t, err)
	return l
}
