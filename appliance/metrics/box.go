package metrics

import (
	"runtime"

	"limpid/appliance/control"
	"limpid/proxy/scoreboard"
)

// modeMetrics are about what becomes of new connections.
func modeMetrics() []metric {
	return []metric{
		{name: "limpid_build_info", kind: gauge, labels: []string{"version", "go_version"},
			help: "Always 1; the labels are the version of limpid and of the Go that built it.",
			read: func(s *scrape, emit emit) { emit(1, s.Version, runtime.Version()) }},
		{name: "limpid_mode", kind: gauge, labels: []string{"mode"},
			help: "1 for the mode the box is in, 0 for the others. New connections are captured in mode inline only.",
			read: func(s *scrape, emit emit) {
				states(emit, string(s.Mode), string(control.Starting), string(control.Inline), string(control.Bypass))
			}},
		{name: "limpid_mode_cause", kind: gauge, labels: []string{"cause"},
			help: "1 for the kind of reason why the box is not inline, 0 for the others; all are 0 when it is inline.",
			read: func(s *scrape, emit emit) { states(emit, s.Cause, s.Causes...) }},
		single("limpid_mode_since_timestamp_seconds", gauge,
			"When the mode was entered, in seconds since 1970.",
			func(s *scrape) float64 { return timestamp(s.Since) }),
		{name: "limpid_methods_info", kind: gauge, labels: []string{"capture", "handshake"},
			help: "Always 1; the labels are how frames are taken off the bridge and when SYNs are answered.",
			read: func(s *scrape, emit emit) { emit(1, s.Capture, s.Handshake) }},
		single("limpid_bypass_ordered", gauge,
			"1 while the operator has ordered new connections to be bridged.",
			func(s *scrape) float64 { return truth(s.Bypass) }),
		single("limpid_problems", gauge,
			"Problems that limpid keeps trying to mend, as limpid status lists them.",
			func(s *scrape) float64 { return float64(s.Problems) }),
	}
}

// watchdogMetrics are about failures and what they cost.
func watchdogMetrics() []metric {
	return []metric{
		{name: "limpid_health_checks_total", kind: counter, labels: []string{"result"},
			help: "Health checks through gate and proxy that have ended, by result.",
			read: func(s *scrape, emit emit) {
				emit(float64(s.ChecksPassed), "passed")
				emit(float64(s.ChecksFailed), "failed")
			}},
		single("limpid_gaps_total", counter,
			"Failures after which new connections were for a time neither served nor bridged.",
			func(s *scrape) float64 { return float64(s.Gaps) }),
		single("limpid_last_gap_seconds", gauge,
			"Upper bound of how long new connections were neither served nor bridged at the last failure; 0 when there was none.",
			func(s *scrape) float64 { return s.LastGap.Seconds() }),
		{name: "limpid_restarts_total", kind: counter, labels: []string{"process"},
			help: "Times gate or proxy has been started again.",
			read: func(s *scrape, emit emit) {
				for _, p := range s.Children {
					emit(float64(p.Restarts), p.Name)
				}
			}},
	}
}

// processMetrics are what each process uses. One that ends at the time of the
// scrape has no samples of usage in it.
func processMetrics() []metric {
	process := []string{"process"}
	each := func(read func(m measured) (float64, bool)) func(*scrape, emit) {
		return func(s *scrape, emit emit) {
			for _, m := range s.processes {
				if value, ok := read(m); ok {
					emit(value, m.Name)
				}
			}
		}
	}
	return []metric{
		{name: "limpid_process_up", kind: gauge, labels: process,
			help: "1 if the process runs.",
			read: each(func(m measured) (float64, bool) { return truth(m.PID != 0), true })},
		{name: "limpid_process_start_time_seconds", kind: gauge, labels: process,
			help: "When the process was started, in seconds since 1970.",
			read: each(func(m measured) (float64, bool) { return timestamp(m.Begun), m.PID != 0 })},
		{name: "limpid_process_cpu_seconds_total", kind: counter, labels: process,
			help: "Processor time, user and system, of the process and of those of the same name before it.",
			read: each(func(m measured) (float64, bool) {
				return (m.Spent + m.cpu).Seconds(), m.known || m.PID == 0
			})},
		{name: "limpid_process_resident_memory_bytes", kind: gauge, labels: process,
			help: "Resident memory of the process.",
			read: each(func(m measured) (float64, bool) { return float64(m.resident), m.known })},
		{name: "limpid_process_open_fds", kind: gauge, labels: process,
			help: "Open file descriptors of the process.",
			read: each(func(m measured) (float64, bool) { return float64(m.descriptors), m.known })},
		{name: "limpid_process_goroutines", kind: gauge, labels: process,
			help: "Goroutines of the process, as it last said; they do not grow with the flows.",
			read: func(s *scrape, emit emit) {
				emit(float64(s.Gate.Get(scoreboard.GateGoroutines)), "gate")
				emit(float64(s.Proxy.Get(scoreboard.Goroutines)), "proxy")
			}},
	}
}
