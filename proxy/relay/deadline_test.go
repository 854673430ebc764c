package relay

import (
	"strings"
	"testing"
	"time"

	"limpid/proxy/scoreboard"
)

// short is a deadline that passes while a test runs, and long one that does not.
const (
	short = 50 * time.Millisecond
	long  = time.Hour
)

func TestDeadlines(t *testing.T) {
	const upload = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n"
	for _, c := range []struct {
		name     string
		settings Settings
		script   []string
		cell     scoreboard.Cell
		record   string // what the last record ends with, but for bytes; empty for no record
	}{
		{"a request body stands still", Settings{BodyTimeout: short}, []string{">< " + upload + "abc", "S<rst", "C<rst"}, scoreboard.BodyTimeout, "abort body-timeout"},
		{"a response body stands still", Settings{BodyTimeout: short}, []string{">< " + get, "<> " + ok3[:len(ok3)-1], "C<rst", "S<rst"}, scoreboard.BodyTimeout, "abort body-timeout"},
		{"nothing under way", Settings{IdleTimeout: short, BodyTimeout: long}, []string{">< " + get, "<> " + ok3, "C<eof", "S<eof"}, scoreboard.IdleTimeout, "forward "},
		{"nothing ever", Settings{IdleTimeout: short}, []string{"C<eof", "S<eof"}, scoreboard.IdleTimeout, ""},
		{"a server that thinks", Settings{IdleTimeout: short}, []string{">< " + get, "C<rst", "S<rst"}, scoreboard.IdleTimeout, "abort idle-timeout"},
		{"a tunnel", Settings{IdleTimeout: short}, []string{">< \x00", "<> x", "C<rst", "S<rst"}, scoreboard.IdleTimeout, "tunnel nul"},
		{"a head that never ends", Settings{HeadTimeout: short, HeadWait: long, ResetNonHTTP: true}, []string{"C> GET /", "C<rst", "S<rst"}, scoreboard.HeadTimeout, "abort slow-head"},
		{"a head that never ends, as a tunnel", Settings{HeadTimeout: short, HeadWait: long}, []string{"C> GET /", "S< GET /", "<> x", "C>rst", "S<rst"}, scoreboard.HeadTimeout, "tunnel slow-head"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, c.settings)
			r.play(c.script...)
			if n := r.cell(c.cell); n != 1 {
				t.Errorf("counted %d, want 1", n)
			}
			if c.record == "" {
				return
			}
			if got := r.logged(1); !strings.Contains(got[len(got)-1], c.record) {
				t.Errorf("logged %q, want %q in the last", got, c.record)
			}
		})
	}
}

// A server that takes its time over a response is not a body that stands still,
// and a message that moves now and then never is.
func TestDeadlinesThatDoNotPass(t *testing.T) {
	const upload = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n"
	r := newRig(t, Settings{BodyTimeout: 400 * time.Millisecond, IdleTimeout: long, HeadTimeout: long})
	r.play(">< " + get)
	time.Sleep(600 * time.Millisecond)
	r.play("<> "+ok3, ">< "+upload)
	for range 40 {
		r.play(">< x")
		time.Sleep(20 * time.Millisecond)
	}
	r.play("<> "+ok0, "is http -")
	for _, cell := range []scoreboard.Cell{scoreboard.HeadTimeout, scoreboard.BodyTimeout, scoreboard.IdleTimeout} {
		if n := r.cell(cell); n != 0 {
			t.Errorf("deadline %d passed %d times", cell, n)
		}
	}
}
