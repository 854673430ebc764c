package watchdog

import (
	"strings"
	"testing"
	"time"
)

const (
	interval = 250 * time.Millisecond
	timeout  = time.Second
	step     = 50 * time.Millisecond
)

// bench runs a judge over samples 50 ms apart.
type bench struct {
	judge  *Judge
	now    time.Time
	sample Sample
}

// settled is a bench on which both processes run and have shown heartbeats.
func settled() *bench {
	b := &bench{judge: NewJudge(interval, timeout), now: time.Unix(1000, 0)}
	b.sample = Sample{Gate: Pulse{PID: 1, Beats: []uint64{5}}, Proxy: Pulse{PID: 2, Beats: []uint64{7, 7}}}
	for range 3 {
		b.look(all)
	}
	return b
}

// all lets every loop beat.
func all(s *Sample) { s.Gate.Beats[0]++; s.Proxy.Beats[0]++; s.Proxy.Beats[1]++ }

func (b *bench) look(change func(*Sample)) (Process, string) {
	b.now = b.now.Add(step)
	change(&b.sample)
	return b.judge.Look(b.now, b.sample)
}

// until looks for d and returns who was blamed first, and after how long.
func (b *bench) until(d time.Duration, change func(*Sample)) (Process, string, time.Duration) {
	for t := step; t <= d; t += step {
		if who, why := b.look(change); who != Nobody {
			return who, why, t
		}
	}
	return Nobody, "", 0
}

func TestHeartbeatsSayWhoHangs(t *testing.T) {
	for name, c := range map[string]struct {
		beat func(*Sample)
		who  Process
		by   time.Duration // when it must be blamed at the latest
	}{
		"both live":        {all, Nobody, 0},
		"gate hangs":       {func(s *Sample) { all(s); s.Gate.Beats[0]-- }, Gate, timeout/2 + step},
		"proxy hangs":      {func(s *Sample) { s.Gate.Beats[0]++ }, Proxy, timeout + step},
		"one loop hangs":   {func(s *Sample) { all(s); s.Proxy.Beats[1]-- }, Proxy, timeout + step},
		"both hang":        {func(*Sample) {}, Gate, timeout/2 + step},
		"gate is not up":   {func(s *Sample) { all(s); s.Gate = Pulse{Beats: []uint64{s.Gate.Beats[0] - 1}} }, Nobody, 0},
		"proxy is not up":  {func(s *Sample) { s.Gate.Beats[0]++; s.Proxy.PID = 0 }, Nobody, 0},
		"gate has no loop": {func(s *Sample) { all(s); s.Gate.Beats = nil; s.Proxy.PID = 2 }, Nobody, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := settled()
			beat := c.beat
			if strings.Contains(name, "no loop") {
				beat = func(s *Sample) { s.Proxy.Beats[0]++; s.Proxy.Beats[1]++; s.Gate.Beats = nil }
			}
			who, why, after := b.until(5*time.Second, beat)
			if who != c.who || after > c.by || c.who != Nobody && !strings.Contains(why, "no heartbeat for") {
				t.Errorf("blamed %v (%s) after %v, want %v within %v", who, why, after, c.who, c.by)
			}
		})
	}
}

func TestStartingProcessHasTime(t *testing.T) {
	b := settled()
	b.look(func(s *Sample) { s.Proxy.PID = 3 })
	who, _, after := b.until(20*time.Second, func(s *Sample) { s.Gate.Beats[0]++ })
	if who != Proxy || after <= 5*timeout {
		t.Errorf("blamed %v after %v, want proxy, and not within %v of its start", who, after, 5*timeout)
	}
}

func TestPassedCheckEndsThePatienceOfAStart(t *testing.T) {
	b := settled()
	// Both are started anew, and are judged by a check before any look.
	b.sample.Gate.PID, b.sample.Proxy.PID = 3, 4
	b.judge.Passed(b.sample)
	if who, _, after := b.until(5*time.Second, func(*Sample) {}); who != Gate || after > timeout/2+step {
		t.Errorf("blamed %v after %v, want gate within %v", who, after, timeout/2+step)
	}
}

func TestTimeNobodyLookedProvesNothing(t *testing.T) {
	b := settled()
	b.now = b.now.Add(time.Minute) // the box was suspended
	if who, why := b.look(func(*Sample) {}); who != Nobody {
		t.Errorf("blamed %v: %s", who, why)
	}
}

func TestOverloadKillsNobodySoon(t *testing.T) {
	b := settled()
	// No check passes, every heartbeat goes on.
	if who, why, after := b.until(29*timeout, all); who != Nobody {
		t.Fatalf("blamed %v (%s) after %v", who, why, after)
	}
	b.judge.Passed(b.sample)
	if who, _, after := b.until(29*timeout, all); who != Nobody {
		t.Fatalf("a passed check did not count: blamed %v after %v", who, after)
	}
	var blamed []Process
	for range 3 {
		who, why, _ := b.until(31*timeout, all)
		if !strings.Contains(why, "no health check has passed") {
			t.Errorf("reason %q", why)
		}
		blamed = append(blamed, who)
	}
	if blamed[0] != Proxy || blamed[1] != Gate || blamed[2] != Proxy {
		t.Errorf("blamed %v, want proxy and gate in turn", blamed)
	}
}
