package lab

import (
	"strings"
	"testing"
	"time"
)

func TestFaultsAreFoundInTheLog(t *testing.T) {
	for log, want := range map[string]string{
		"":                                     "",
		"level=INFO msg=\"no panic here\"\n":   "",
		"a\npanic: boom\n\ngoroutine 1":        "panic: boom\n\ngoroutine 1",
		"a\nmsg=\"wrote\" line=\"panic: x\"\n": "line=\"panic: x\"",
		"==================\nWARNING: DATA RACE\nRead at": "WARNING: DATA RACE\nRead at",
		"fatal error: all goroutines are asleep":          "asleep",
	} {
		err := faultIn(log)
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("log %q: %v, want %q", log, err, want)
		}
	}
}

// The stand-in for limpid writes its configuration to stderr.
func TestCloseTellsOfAFault(t *testing.T) {
	useFake(t)
	l, err := Build(t.Context(), Options{})
	must(t, err)
	p, err := l.StartLimpid(t.Context(), "# WARNING: DATA RACE\n")
	must(t, err)
	must(t, p.WaitMode("inline", 10*time.Second))
	if err := p.Fault(); err == nil {
		t.Error("no fault in the log")
	}
	if err := l.Close(); err == nil || !strings.Contains(err.Error(), "DATA RACE") {
		t.Errorf("close: %v, want it to tell of the race", err)
	}
}
