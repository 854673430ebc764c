package doctor

import (
	"testing"
	"time"

	"limpid/appliance/control"
	"limpid/bridge"
	"limpid/interceptor"
)

func TestProcesses(t *testing.T) {
	restarted := func(p *control.Process, pulse *Pulse, exit string) {
		p.Restarts, p.LastExit, pulse.Begun = 2, exit, ago(time.Minute)
	}
	examineEach(t, []each{
		{"no gate", func(f *Facts) { f.Known.Status.Gate = control.Process{LastExit: "was ended by signal 9"} }, "gate", fail, "signal 9", nil},
		{"gate hangs", func(f *Facts) { f.Known.Gate.Beat = ago(5 * time.Second) }, "gate", fail, "no sign of life", nil},
		{"no proxy", func(f *Facts) { f.Known.Status.Proxy = control.Process{} }, "proxy", fail, "does not run", nil},
		{"proxy hangs", func(f *Facts) { f.Known.Proxy.Beat = ago(5 * time.Second) }, "proxy", fail, "no sign of life", nil},
		{"proxy hangs from the start", func(f *Facts) { f.Known.Proxy = Pulse{Begun: ago(20 * time.Second)} }, "proxy", fail, "no sign of life", nil},
		{"proxy was restarted", func(f *Facts) { restarted(&f.Known.Status.Proxy, &f.Known.Proxy, "was killed: no heartbeat") }, "proxy", warn, "no heartbeat", nil},
		{"no page", func(f *Facts) { f.Known.Status.Web.PID = 0 }, "web", fail, "does not run", nil},
		{"page hangs", func(f *Facts) { f.Known.Web.Beat = ago(25 * time.Second) }, "web", fail, "no sign of life", nil},
		{"page's port is taken", func(f *Facts) { f.Known.Status.Problems = []string{"web page: listen on :443: in use"} }, "web", warn, "in use", nil},
		{"check failed", func(f *Facts) { f.Known.Failure = "no answer" }, "health", fail, "no answer", nil},
		{"check is old", func(f *Facts) { f.Known.Passed = ago(3 * time.Second) }, "health", fail, "3.0 s", nil},
		{"no check yet", func(f *Facts) {
			f.Known.Passed, f.Known.Status.Mode, f.Known.Status.Reason, f.Kernel.Capture.Armed = time.Time{}, control.Starting, "waiting", false
		}, "health", unknown, "starting", map[string]control.Health{"capture": unknown}},
	})
	for name, change := range map[string]func(*Facts){
		"restarted long ago":     func(f *Facts) { f.Known.Status.Gate.Restarts = 5 },
		"restarted for settings": func(f *Facts) { restarted(&f.Known.Status.Gate, &f.Known.Gate, "was killed: "+settingsChanged) },
		"just started":           func(f *Facts) { f.Known.Proxy = Pulse{Begun: ago(time.Second), Beat: ago(time.Minute)} },
		"no page wanted":         func(f *Facts) { f.Known.Status.Web = control.Page{} },
		"beats within the time":  func(f *Facts) { f.Known.Gate.Beat = ago(900 * time.Millisecond) },
	} {
		f := well(t)
		change(f)
		if got := verdicts(*f); len(got) != 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestRules(t *testing.T) {
	bypass := func(f *Facts, reason string) {
		f.Known.Status.Mode, f.Known.Status.Reason, f.Kernel.Capture.Armed = control.Bypass, reason, false
	}
	examineEach(t, []each{
		{"table is gone", func(f *Facts) {
			f.Kernel.Capture = interceptor.Found{Planned: true, Routes: 16, Tables: []interceptor.FoundTable{{Name: "bridge limpid"}, {Name: "inet limpid", Present: true, Owned: true}}}
			bypass(f, "health check: arm capture: no such file or directory")
		}, "rules", fail, "bridge limpid is gone", map[string]control.Health{"ports": unknown, "armed": unknown, "capture": unknown}},
		{"table of nobody", func(f *Facts) { f.Kernel.Capture.Tables[1].Owned = false }, "rules", fail, "inet limpid has no owner", nil},
		{"rule is gone", func(f *Facts) {
			f.Kernel.Capture.Missing = []string{"chain divert of table inet limpid has 1 rules of 2"}
		}, "rules", fail, "divert", nil},
		{"rules cannot be written", func(f *Facts) {
			f.Known.Status.Problems = []string{"rules: no such device"}
			bypass(f, "no such device")
		}, "rules", fail, "no such device", map[string]control.Health{"capture": unknown}},
		{"counters cannot be read", func(f *Facts) { f.Known.Status.Problems = []string{"counters: gone"} }, "rules", warn, "gone", nil},
		{"none yet", func(f *Facts) {
			f.Kernel.Capture.Planned = false
			f.Known.Status.Mode, f.Known.Status.Reason, f.Kernel.Capture.Armed = control.Starting, "waiting", false
		}, "rules", unknown, "None have been installed", map[string]control.Health{"ports": unknown, "armed": unknown, "routing": unknown, "capture": unknown}},
		{"other ports", func(f *Facts) { f.Kernel.Capture.Ports = []uint16{80, 8080} }, "ports", fail, "80, 8080", nil},
		{"no port", func(f *Facts) { f.Kernel.Capture.Ports = nil }, "ports", fail, "none", nil},
		{"no listener", func(f *Facts) { f.Kernel.Listeners = f.Kernel.Listeners[1:] }, "listener", fail, "127.0.0.1:8080", nil},
		{"no IPv6 listener", func(f *Facts) { f.Kernel.Listeners = f.Kernel.Listeners[:1] }, "listener", fail, "[::1]:8080", nil},
		{"listener of another port", func(f *Facts) { f.Config.Proxy.Port = 8081 }, "listener", fail, "127.0.0.1:8081", nil},
		{"many wait", func(f *Facts) { f.Kernel.Listeners[0].Waiting = manyWait }, "listener", warn, "256 connections wait", nil},
		{"not armed", func(f *Facts) { f.Kernel.Capture.Armed = false }, "armed", fail, "not armed", nil},
		{"armed in bypass", func(f *Facts) {
			bypass(f, "ordered by the operator")
			f.Known.Status.Bypass.On, f.Kernel.Capture.Armed = true, true
		}, "armed", warn, "mode is bypass", map[string]control.Health{"capture": warn}},
		{"routing rule is gone", func(f *Facts) { f.Kernel.Capture.Lost = []string{"ip rule add priority 770"} }, "routing", fail, "ip rule add priority 770", nil},
		{"fwmark", func(f *Facts) { f.Kernel.Capture.Sysctls[0].Have = "0" }, "sysctls", fail, "tcp_fwmark_accept is 0, not 1", nil},
		{"bridge-nf-call", func(f *Facts) {
			f.Kernel.Bridge.Steps = []bridge.Op{bridge.WriteSysctl{Key: "net/bridge/bridge-nf-call-iptables", From: "1", To: "0"}}
		}, "sysctls", fail, "bridge-nf-call-iptables is 1", nil},
		{"ordered bypass", func(f *Facts) { bypass(f, "ordered by the operator"); f.Known.Status.Bypass.On = true }, "capture", warn, "ordered by the operator", nil},
		{"bypass that nothing explains", func(f *Facts) { bypass(f, "max_connections is reached") }, "capture", fail, "max_connections is reached", nil},
		{"all bridged", func(f *Facts) { f.Now.Captured, f.Now.Bridged = 5, 9 }, "capture", warn, "all bridged", nil},
	})
	f := well(t)
	f.Config.Intercept.IPv6, f.Kernel.Listeners = false, f.Kernel.Listeners[:1]
	if got := verdicts(*f); len(got) != 0 {
		t.Errorf("without IPv6: %v", got)
	}
	f = well(t)
	f.Now.Captured = f.Before.Captured
	if got := verdicts(*f); len(got) != 0 {
		t.Errorf("nobody has opened a connection: %v", got)
	}
}

func TestBox(t *testing.T) {
	onBox := func(change func(*control.Box)) func(*Facts) {
		return func(f *Facts) {
			f.Known.Status.Box = &control.Box{Data: control.DataDisk, Config: control.ConfigSettings, Clock: "network"}
			change(f.Known.Status.Box)
		}
	}
	examineEach(t, []each{
		{"nearly full", func(f *Facts) { f.Known.Status.Flows.Active = 60000 }, "slots", warn, "60000 of 65536", nil},
		{"full", func(f *Facts) { f.Known.Status.Flows.Active = 65536 }, "slots", fail, "All 65536", nil},
		{"slots were refused", func(f *Facts) { f.Now.Refused = 1 }, "slots", warn, "1 SYN found no free slot", nil},
		{"records not taken", func(f *Facts) { f.Now.Dropped = 3 }, "log", warn, "Records not taken", nil},
		{"records not written", func(f *Facts) { f.Now.FileDropped = 3 }, "log", warn, "not written", nil},
		{"records not sent", func(f *Facts) { f.Now.CollectorMissed = 3 }, "log", warn, "not sent", nil},
		{"log says", func(f *Facts) { f.Known.Log = []string{"write log: no space left"} }, "log", warn, "no space left", nil},
		{"clock of the firmware", onBox(func(b *control.Box) { b.Clock = "firmware" }), "clock", warn, "firmware", nil},
		{"clock of long ago", func(f *Facts) {
			before := f.At
			shift := func(t *time.Time) { *t = t.Add(time.Unix(0, 0).Sub(before)) }
			for _, at := range []*time.Time{&f.At, &f.Before.At, &f.Now.At, &f.Known.Passed, &f.Known.Gate.Beat, &f.Known.Proxy.Beat, &f.Known.Web.Beat, &f.Known.Gate.Begun, &f.Known.Proxy.Begun, &f.Known.Web.Begun} {
				shift(at)
			}
		}, "clock", warn, "before this program was written", nil},
		{"no disk", onBox(func(b *control.Box) { b.Data = control.DataMemory }), "storage", warn, "in memory", nil},
		{"read-only disk", onBox(func(b *control.Box) { b.Data = control.DataReadOnly }), "storage", warn, "in memory", nil},
		{"defaults", onBox(func(b *control.Box) { b.Config = control.ConfigDefaults }), "storage", warn, "default", nil},
		{"disk alarm", onBox(func(b *control.Box) { b.Alarms = []control.Alarm{{About: "disk sda", Text: "broken"}} }), "storage", warn, "disk sda: broken", nil},
		{"other alarm", onBox(func(b *control.Box) { b.Alarms = []control.Alarm{{About: "watchdog", Text: "none"}} }), "reports", warn, "watchdog: none", nil},
		{"other problem", func(f *Facts) { f.Known.Status.Problems = []string{"configuration: line 3"} }, "reports", warn, "line 3", nil},
	})
	f := well(t)
	onBox(func(*control.Box) {})(f)
	if got := verdicts(*f); len(got) != 0 {
		t.Errorf("a flashed box: %v", got)
	}
}
