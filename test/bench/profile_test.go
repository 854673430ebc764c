package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestReadPerfTables(t *testing.T) {
	const flat = " 60.00% |   6|[kernel.kallsyms]|[k] tcp_sendmsg  \n" +
		" 30.00% |   3|limpid|[.] limpid/proxy/http1.(*Parser).Head\n" +
		" 10.00% |   1|[vdso]|[.] __vdso_clock_gettime\n 0.10% |   0|limpid|[.] rare\n\nnonsense\n"
	var p profile
	p.flat(flat)
	want := profile{samples: 10, own: 40.1, functions: []cost{{"tcp_sendmsg", 60}, {"limpid/proxy/http1.(*Parser).Head", 30}, {"__vdso_clock_gettime", 10}}}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got %+v, want %+v", p, want)
	}
	const deep = " 99.00% |limpid|[.] main\n 60.00% |[kernel.kallsyms]|[k] __x64_sys_sendto \n 60.00% |[kernel.kallsyms]|[k] __sys_sendto\n" +
		" 5.00% |[kernel.kallsyms]|[k] __arm64_sys_splice\n 0.40% |[kernel.kallsyms]|[k] __x64_sys_close\n"
	p.calls = callsOf(deep)
	if want := []cost{{"sendto", 60}, {"splice", 5}}; !reflect.DeepEqual(p.calls, want) {
		t.Errorf("got %+v, want %+v", p.calls, want)
	}
	p.part, p.load = partProxy, keyKeepAlive
	few := p
	p.samples *= 10
	few.part = partGate
	text := profilesSection([]profile{p, few})
	for _, want := range []string{
		"**proxy, keep-alive** (100 samples)", "**gate, keep-alive** (10 samples)\n\n- it slept", "limpid's own code: 40.1; kernel: 59.9", "system calls: sendto 60.0, splice 5.00", "`tcp_sendmsg` 60.0, ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// perf sees what a process does while the load runs.
func TestRecord(t *testing.T) {
	busy := exec.CommandContext(t.Context(), "sh", "-c", "while :; do :; done")
	if err := busy.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = busy.Process.Kill()
		_ = busy.Wait()
	}()
	stem := filepath.Join(t.TempDir(), keyNew)
	list, err := record(t.Context(), stem, map[int]string{busy.Process.Pid: partGate}, func() error {
		before, err := cpuTime(busy.Process.Pid)
		for err == nil {
			var now time.Duration
			if now, err = cpuTime(busy.Process.Pid); now > before+200*time.Millisecond {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		return err
	})
	if err != nil || len(list) != 1 {
		t.Fatalf("got %+v, %v", list, err)
	}
	if p := list[0]; p.part != partGate || p.load != keyNew || p.samples < 20 || len(p.functions) == 0 {
		t.Errorf("got %+v", p)
	}
	if _, err := os.Stat(stem + "-gate.data"); err != nil {
		t.Errorf("the data is gone: %v", err)
	}
	if _, err := record(t.Context(), stem, map[int]string{-5: partGate}, func() error { return nil }); err == nil {
		t.Error("no error for a process that does not exist")
	}
}
