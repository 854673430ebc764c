package doctor

import (
	"strings"
	"time"

	"limpid/appliance/control"
	"limpid/bridge"
)

// shortest is the least time in which counts tell something.
const shortest = 500 * time.Millisecond

// since is how long ago the look was that counts are compared with; there may be none.
func (f *Facts) since() (string, bool) {
	d := f.Now.At.Sub(f.Before.At)
	return span(d), !f.Before.At.IsZero() && d >= shortest
}

func tooSoon() answer {
	return answer{verdict: control.HealthUnknown, finding: "Counting has only just begun.", mend: "Look again in a few seconds."}
}

// grown is what an interface has carried between two looks. One that is new counts from 0.
func grown(before, now bridge.Traffic) bridge.Traffic {
	if !before.Present || now.Received.Packets < before.Received.Packets || now.Sent.Packets < before.Sent.Packets {
		return now
	}
	less := func(a, b bridge.Count) bridge.Count {
		return bridge.Count{Bytes: a.Bytes - b.Bytes, Packets: a.Packets - b.Packets, Errors: a.Errors - b.Errors, Dropped: a.Dropped - b.Dropped}
	}
	return bridge.Traffic{Present: now.Present, Received: less(now.Received, before.Received), Sent: less(now.Sent, before.Sent)}
}

// up is how much a count has grown.
func up(before, now uint64) uint64 {
	if now < before {
		return now
	}
	return now - before
}

// byItself is what limpid mends, which takes a supervisor.
func (f *Facts) byItself(does string) string {
	if f.Known == nil {
		return "Start limpid supervise, which mends it."
	}
	return "limpid " + does
}

// claimed are the beginnings of what the supervisor reports, as far as a check of its
// own speaks of it.
func claimed() []string {
	return []string{"bridge: ", "rules: ", "counters: ", "web page: ", "page's password: ", "log"}
}

// problems are what the supervisor reports that begins so.
func (f *Facts) problems(beginnings ...string) []string {
	var list []string
	if f.Known == nil {
		return nil
	}
	for _, p := range f.Known.Status.Problems {
		for _, b := range beginnings {
			if strings.HasPrefix(p, b) {
				list = append(list, p)
			}
		}
	}
	return list
}
