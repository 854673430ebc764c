package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// TB is the part of testing.TB that a lab uses, so that programs which are no
// tests do not link package testing.
type TB interface {
	Helper()
	Name() string
	Context() context.Context
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
	Cleanup(func())
}

// New builds a lab for a test and closes it at the test's end. If the test has
// failed by then, limpid's log is printed and every capture is saved.
func New(tb TB) *Lab {
	tb.Helper()
	return NewWith(tb, Options{})
}

// NewWith is New with options; an empty name becomes the test's.
func NewWith(tb TB, o Options) *Lab {
	tb.Helper()
	if o.Name == "" {
		o.Name = tb.Name()
	}
	l, err := Build(tb.Context(), o)
	if err != nil {
		tb.Fatalf("%v", err)
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			l.report(tb)
		}
		if err := l.Close(); err != nil {
			tb.Errorf("%v", err)
		}
	})
	return l
}

// report tells what a failed test may want to know.
func (l *Lab) report(tb TB) {
	l.mu.Lock()
	limpids, captures := l.limpids, len(l.captures)
	l.mu.Unlock()
	for _, p := range limpids {
		tb.Logf("log of limpid %d:\n%s", p.PID(), p.Log())
	}
	if captures == 0 {
		return
	}
	name := fmt.Sprintf("%s-%d", strings.ReplaceAll(l.name, "/", "-"), os.Getpid())
	paths, err := l.SaveCaptures(filepath.Join(os.TempDir(), "limpid-failed", name))
	tb.Logf("captures saved: %s (%v)", strings.Join(paths, " "), err)
}
