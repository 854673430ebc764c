package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"limpid/test/lab"
)

// attempts are begun and ended at milliseconds around the kill, which is asked for at -4 and answered at 0.
func attempts(failed bool, begunEnded ...int) []lab.Attempt {
	var list []lab.Attempt
	for i := 0; i < len(begunEnded); i += 2 {
		a := lab.Attempt{Began: moment(begunEnded[i]), Ended: moment(begunEnded[i+1])}
		if failed {
			a.Err = errors.New("read: connection reset by peer")
		}
		list = append(list, a)
	}
	return list
}

func moment(ms int) time.Time {
	return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(ms) * time.Millisecond)
}

func TestJudge(t *testing.T) {
	good := attempts(false, -20, -10, -1, 5, 0, 10, 1, 40)
	for _, c := range []struct {
		name     string
		attempts []lab.Attempt
		want     string // in the error; empty for none
	}{
		{"all well", good, ""},
		{"cut in flight", append(attempts(true, -2, 3), good...), ""},
		{"cut while the kill was typed", append(attempts(true, -9, -3), good...), ""},
		{"failed after", append(attempts(true, 0, 3), good...), "of 3 connections begun after it, 1 failed: 1 attempts: connection reset by peer"},
		{"failed before", append(attempts(true, -9, -5), good...), "before it already, 1 connections failed"},
		{"none after", attempts(false, -20, -10), "no connection was begun after it"},
	} {
		err := judge(lab.Report{Attempts: c.attempts}, blow{moment(-4), moment(0)})
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	got := strings.Join(align(reckoning(lab.Report{Attempts: append(attempts(true, -2, 3), good...)}, blow{moment(-4), moment(0)})), "\n")
	want := `connections               begun  failed  slowest
over before the kill      1      0       10 ms
in flight at that moment  2      1       6 ms
begun after it            2      0       39 ms`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
