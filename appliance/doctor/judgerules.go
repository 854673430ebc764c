package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"limpid/appliance/control"
	"limpid/bridge"
	"limpid/interceptor"
)

const (
	netfilter = "netlink, nf_tables"
	startAnew = "Start limpid anew (on a flashed box: restart it): it writes all rules afresh."
)

// wrongValue is a sysctl that is not as it should be.
type wrongValue struct{ key, have, want string }

func (f *Facts) wrongSysctls() []wrongValue {
	var wrong []wrongValue
	for _, step := range f.Kernel.Bridge.Steps {
		if w, ok := step.(bridge.WriteSysctl); ok && w.From != "" {
			wrong = append(wrong, wrongValue{w.Key, w.From, w.To})
		}
	}
	for _, s := range f.Kernel.Capture.Sysctls {
		if s.Have != s.Want {
			wrong = append(wrong, wrongValue{s.Key, s.Have, s.Want})
		}
	}
	return wrong
}

// sysctlsShown are worth a line also when they are right: whoever has built such a
// box by hand looks for them first.
func sysctlsShown() []string {
	return []string{"net/bridge/bridge-nf-call-iptables", "net/ipv4/conf/all/rp_filter"}
}

func judgeSysctls(f *Facts) answer {
	if err := f.Kernel.BridgeErr; err != nil {
		return unreadable(err)
	}
	wrong := f.wrongSysctls()
	a := fine("They are.")
	for _, key := range sysctlsShown() {
		if slices.ContainsFunc(wrong, func(w wrongValue) bool { return w.key == key }) {
			continue
		}
		value, there := f.Kernel.Bridge.Sysctls[key]
		if !there {
			value = "not in this kernel, which is as good"
		}
		a.saw(key, "/proc/sys", value)
	}
	for _, s := range f.Kernel.Capture.Sysctls {
		if s.Have == s.Want {
			a.saw(s.Key, "/proc/sys", s.Have+", "+s.Why)
		}
	}
	var texts []string
	for _, w := range wrong {
		text := fmt.Sprintf("%s is %s, not %s", w.key, w.have, w.want)
		a.saw(w.key, "/proc/sys", w.have+", wanted "+w.want)
		texts = append(texts, text)
	}
	if len(wrong) > 0 {
		a.found(control.HealthFail, list(texts)+".", sysctlEffect(wrong[0].key),
			f.byItself("puts it back within 30 s. Find who changes it: another program, or a file in /etc/sysctl.d."))
	}
	return a
}

// sysctlEffect says what a wrong value does.
func sysctlEffect(key string) string {
	switch {
	case strings.Contains(key, "bridge-nf-call"):
		return "Bridged frames pass the host's firewall, and captured connections time out."
	case strings.HasSuffix(key, "rp_filter"):
		return "The kernel drops captured packets: connections time out."
	case strings.Contains(key, "fwmark"):
		return "Answers of the proxy do not find their port: connections time out."
	case strings.HasSuffix(key, "disable_ipv6"):
		return "Captured connections over IPv6 time out."
	case strings.HasSuffix(key, "tcp_tw_reuse"):
		return "A client that uses a port again at once may have to wait."
	case strings.HasSuffix(key, "tcp_mtu_probing"):
		return "Connections through a narrower network may stand still."
	}
	return "The box may be seen on the wire."
}

// withoutRules is the answer where there are no tables to look into.
func (f *Facts) withoutRules() (answer, bool) {
	c := f.Kernel.Capture
	switch {
	case f.Kernel.CaptureErr != nil:
		return unreadable(f.Kernel.CaptureErr), true
	case f.Known == nil:
		return unasked(), true
	case !c.Planned:
		return answer{verdict: control.HealthUnknown, finding: "No rules have been installed yet.", mend: "See the check of the rules."}, true
	case slices.ContainsFunc(c.Tables, func(t interceptor.FoundTable) bool { return !t.Present }):
		return answer{verdict: control.HealthUnknown, finding: "The rules are not all there.", mend: "See the check of the rules."}, true
	}
	return answer{}, false
}

func judgeRules(f *Facts) answer {
	c := f.Kernel.Capture
	if err := f.Kernel.CaptureErr; err != nil {
		return unreadable(err)
	}
	if f.Known == nil {
		return judgeLeftRules(c)
	}
	a := fine(fmt.Sprintf("They are: %d rules in %d tables that nobody else can change.", c.Rules, len(c.Tables)))
	for _, t := range c.Tables {
		a.saw("table "+t.Name, netfilter, fmt.Sprintf("there: %s, owned: %s", yes(t.Present), yes(t.Owned)))
	}
	a.saw("rules", netfilter, fmt.Sprint(c.Rules))
	if problems := f.problems("counters: "); len(problems) > 0 {
		a.found(control.HealthWarn, list(problems)+".", "What is captured may not be counted.", "See what else this check finds.")
	}
	if problems := f.problems("rules: "); len(problems) > 0 {
		a.found(control.HealthFail, list(problems)+".", bridgedNow, "The text says what to do.")
	}
	if !c.Planned {
		a.found(control.HealthUnknown, "None have been installed yet.", bridgedNow, "The bridge comes first: see its check.")
		return a
	}
	for _, t := range c.Tables {
		switch {
		case !t.Present:
			a.found(control.HealthFail, fmt.Sprintf("Table %s is gone.", t.Name),
				bridgedNow+" Connections that were being carried are cut off.", startAnew)
		case !t.Owned:
			a.found(control.HealthFail, fmt.Sprintf("Table %s has no owner: limpid did not make it so.", t.Name),
				"It may be changed by others, and stays when limpid is gone.", "Remove it (nft delete table "+t.Name+"). "+startAnew)
		}
	}
	if len(c.Missing) > 0 {
		a.found(control.HealthFail, list(c.Missing)+".", "Captured connections may be cut off, or stand still.", startAnew)
	}
	return a
}

// judgeLeftRules looks for rules of a supervisor that is gone.
func judgeLeftRules(c interceptor.Found) answer {
	a := fine("There are none, as it should be without a supervisor.")
	for _, t := range c.Tables {
		a.saw("table "+t.Name, netfilter, fmt.Sprintf("there: %s, owned: %s", yes(t.Present), yes(t.Owned)))
		if t.Present {
			a.found(control.HealthWarn, fmt.Sprintf("Table %s is still there.", t.Name), "Connections that were being carried may go on; new ones are bridged.",
				"It goes with the gate of the supervisor that ended, within 3 s; or the supervisor lives and does not answer.")
		}
	}
	return a
}

func judgePorts(f *Facts) answer {
	if a, none := f.withoutRules(); none {
		return a
	}
	want := slices.Sorted(slices.Values(f.Config.Intercept.Ports))
	a := fine(fmt.Sprintf("They do: TCP port %s.", numbers(want)))
	a.saw("intercept.ports", "settings", numbers(want))
	a.saw("set ports of table bridge limpid", netfilter, numbers(f.Kernel.Capture.Ports))
	if !slices.Equal(want, f.Kernel.Capture.Ports) {
		a.found(control.HealthFail, fmt.Sprintf("The settings name %s, the rules %s.", numbers(want), numbers(f.Kernel.Capture.Ports)),
			"Connections to some ports are not captured as they should be.", startAnew)
	}
	return a
}

func numbers(ports []uint16) string {
	if len(ports) == 0 {
		return "none"
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(ports), " ", ", "), "[]")
}

// manyWait is how many connections in a listener's queue are too many: a proxy that
// keeps up leaves none.
const manyWait = 256

func judgeListener(f *Facts) answer {
	if err := f.Kernel.ListenersErr; err != nil {
		return unreadable(err)
	}
	if f.Known == nil {
		return unasked()
	}
	port := f.Config.Proxy.Port
	wanted := []netip.AddrPort{netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)}
	if f.Config.Intercept.IPv6 {
		wanted = append(wanted, netip.AddrPortFrom(netip.IPv6Loopback(), port))
	}
	a := fine(fmt.Sprintf("Port %d listens (proxy.port).", port))
	for _, w := range wanted {
		i := slices.IndexFunc(f.Kernel.Listeners, func(l Listener) bool { return l.Address == w })
		if i < 0 {
			a.saw(w.String(), "/proc/net/tcp", "does not listen")
			a.found(control.HealthFail, fmt.Sprintf("Nothing listens on %v, where the rules send captured connections.", w),
				"Captured connections are refused.", startAnew)
			continue
		}
		waiting := f.Kernel.Listeners[i].Waiting
		a.saw(w.String(), "/proc/net/tcp", fmt.Sprintf("listens, %d wait", waiting))
		if waiting >= manyWait {
			a.found(control.HealthWarn, fmt.Sprintf("%d connections wait on %v.", waiting, w), "They are answered late, or tunnelled by the gate.",
				"The box is overloaded, or the proxy hangs: see its check.")
		}
	}
	return a
}

func judgeArmed(f *Facts) answer {
	if a, none := f.withoutRules(); none {
		return a
	}
	inline, armed := f.Known.Status.Mode == control.Inline, f.Kernel.Capture.Armed
	a := fine("Capture is armed.")
	if !armed {
		a.finding = "Capture is not armed, as the mode wants it."
	}
	a.saw("mode", controlSocket, string(f.Known.Status.Mode))
	a.saw("set armed of table bridge limpid", netfilter, "has "+f.Config.Bridge.Ports[0]+": "+yes(armed))
	switch {
	case inline && !armed:
		a.found(control.HealthFail, "The mode is inline, and capture is not armed.", bridgedNow,
			"A passed health check arms it within watchdog.interval; look again, then read the log of the supervisor.")
	case !inline && armed:
		a.found(control.HealthWarn, "Capture is armed, and the mode is "+string(f.Known.Status.Mode)+".", "New connections may still be captured.",
			"It runs out within watchdog.timeout.")
	}
	return a
}

func judgeRouting(f *Facts) answer {
	if err := f.Kernel.CaptureErr; err != nil {
		return unreadable(err)
	}
	if f.Known == nil {
		return unasked()
	}
	c := f.Kernel.Capture
	if !c.Planned {
		return answer{verdict: control.HealthUnknown, finding: "None have been installed yet.", mend: "See the check of the rules."}
	}
	a := fine(fmt.Sprintf("They are, all %d.", c.Routes))
	a.saw("rules, routes, neighbours, FDB entries", "netlink, route", fmt.Sprintf("%d there, %d missing", c.Routes, len(c.Lost)))
	for _, command := range c.Lost {
		a.saw("missing", "netlink, route", command)
	}
	if len(c.Lost) > 0 {
		a.found(control.HealthFail, "Missing, as the commands that would make them: "+list(c.Lost)+".",
			"Packets of captured connections do not find their way: connections time out.",
			"limpid puts them back within 30 s. Find who removes them: another program that keeps routes or rules.")
	}
	return a
}
