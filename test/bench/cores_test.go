package main

import (
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

func TestCores(t *testing.T) {
	c, err := readCores()
	if runtime.NumCPU() < 2 {
		if err == nil {
			t.Error("one core was shared out")
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	// What is started meanwhile, by whatever thread, stays off the proxy's core.
	count := func() int {
		out, err := exec.CommandContext(t.Context(), "nproc").Output()
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(strings.TrimSpace(string(out)))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	back, err := c.withdraw()
	if err != nil {
		t.Fatal(err)
	}
	if got := count(); got != len(c.others) {
		t.Errorf("a program has %d cores, want the %d of the others", got, len(c.others))
	}
	if err := back(); err != nil {
		t.Fatal(err)
	}
	if got := count(); got != before {
		t.Errorf("a program has %d cores afterwards, want %d as before", got, before)
	}
}
