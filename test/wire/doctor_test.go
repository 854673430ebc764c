package wire

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"syscall"
	"testing"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	routes "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	inherited "limpid/appliance/child"
	"limpid/appliance/control"
	"limpid/test/lab"
)

// quiet leaves the log in memory, whose folder is not there in a lab, and captures
// whatever the server does: an emulated processor is late at times, and a server that
// seems slow is left alone by the mirrored handshake.
const quiet = basic + "[log]\nkeep = \"0\"\n" + accepting

// patient has a watchdog that takes nothing for a hang that a busy machine may show.
const patient = quiet + "[watchdog]\ninterval = \"250ms\"\ntimeout = \"16s\"\n"

const accepting = "[intercept]\nhandshake = \"accept\"\n"

// bad are the checks that say something is to be mended, or looked at.
type bad map[string]control.Health

// checkup runs `limpid doctor`, which fails exactly when a check does.
func checkup(t *testing.T, p *lab.Limpid, args ...string) (bad, control.Checkup) {
	t.Helper()
	out, err := p.Run(t.Context(), append([]string{"doctor", "--json"}, args...)...)
	var c control.Checkup
	if decoding := json.Unmarshal(out, &c); decoding != nil {
		t.Fatalf("doctor: %v: %q, %v", decoding, out, err)
	}
	found, fails := bad{}, false
	for _, check := range c.Checks {
		if check.Verdict == control.HealthWarn || check.Verdict == control.HealthFail {
			found[check.Name] = check.Verdict
			if len(check.Evidence) == 0 || check.Mend == "" || check.Effect == "" {
				t.Errorf("%s lacks evidence, effect or mend: %+v", check.Name, check)
			}
		}
		fails = fails || check.Verdict == control.HealthFail
	}
	if fails != (err != nil) {
		t.Errorf("%v, and the command ended with %v", found, err)
	}
	return found, c
}

// findings are what is not well, for a message.
func findings(c control.Checkup) string {
	var b strings.Builder
	for _, check := range c.Checks {
		if check.Verdict != control.HealthOK {
			fmt.Fprintf(&b, "\n%s %s: %s %v", check.Verdict, check.Name, check.Finding, check.Evidence)
		}
	}
	return b.String()
}

// says waits until exactly these checks are bad, and gives what one of them has found.
func says(t *testing.T, p *lab.Limpid, want bad, name string, args ...string) string {
	t.Helper()
	var last control.Checkup
	defer func() {
		if t.Failed() {
			t.Logf("last of all:%s", findings(last))
		}
	}()
	eventually(t, fmt.Sprintf("the doctor says %v", want), func() bool {
		found, c := checkup(t, p, args...)
		last = c
		return maps.Equal(found, want)
	})
	for _, c := range last.Checks {
		if c.Name == name {
			return c.Finding
		}
	}
	t.Fatalf("no check %q", name)
	return ""
}

// examined is a lab whose box is inline, has carried requests, and is well.
func examined(t *testing.T, config string) (*lab.Lab, *lab.Limpid) {
	t.Helper()
	l, p := inline(t, config)
	origin(t, l.S1)
	get(t, dial(t, l.C1, "10.77.0.101:80"), 1000)
	found, c := checkup(t, p)
	if len(found) != 0 {
		t.Fatalf("a box that is well:%s", findings(c))
	}
	return l, p
}

func contains(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("%q is not in %q", part, text)
	}
}

// TestDoctorNamesWhatIsBroken breaks one thing after another, each of which the next
// one needs mended.
func TestDoctorNamesWhatIsBroken(t *testing.T) {
	l, p := examined(t, quiet)

	t.Run("cable", func(t *testing.T) {
		must(t, l.Node("wansw").SetDown("box"))
		contains(t, says(t, p, bad{"links": control.HealthFail}, "links"), "servers' port eth1 has no link")
		must(t, l.Node("wansw").SetUp("box"))
		get(t, dial(t, l.C1, "10.77.0.101:80"), 1000) // a bridge forgets who was behind a port without a link
		says(t, p, bad{}, "links")
		must(t, l.Node("lansw").SetDown("box"))
		contains(t, says(t, p, bad{"links": control.HealthFail}, "links"), "clients' port eth0 has no link")
		must(t, l.Node("lansw").SetUp("box"))
		get(t, dial(t, l.C1, "10.77.0.101:80"), 1000)
		says(t, p, bad{}, "links")
	})

	for _, key := range []string{"ipv4/conf/eth0/rp_filter", "ipv4/conf/all/rp_filter", "ipv4/fwmark_reflect", "ipv4/tcp_fwmark_accept"} {
		t.Run(key, func(t *testing.T) {
			value, err := l.Box.Sysctl(key)
			must(t, err)
			// limpid puts it back: broken again before each look.
			eventually(t, "the doctor says so", func() bool {
				must(t, l.Box.SetSysctl(key, map[string]string{"0": "1", "1": "0"}[value]))
				found, c := checkup(t, p)
				return maps.Equal(found, bad{"sysctls": control.HealthFail}) && strings.Contains(findings(c), "net/"+key)
			})
			must(t, l.Box.SetSysctl(key, value))
			says(t, p, bad{}, "sysctls")
		})
	}

	t.Run("routing rule", func(t *testing.T) {
		var rule *routes.Rule
		must(t, l.Box.Do(func() error {
			rules, err := routes.RuleList(unix.AF_INET)
			for _, r := range rules {
				if r.Priority == 771 {
					rule = &r
				}
			}
			return err
		}))
		if rule == nil {
			t.Fatal("no routing rule 771")
		}
		must(t, l.Box.Do(func() error { return routes.RuleDel(rule) }))
		contains(t, says(t, p, bad{"routing": control.HealthFail}, "routing"), "ip rule add priority 771 fwmark 0x4c500003/0xfff0000f lookup 770000")
		must(t, l.Box.Do(func() error { return routes.RuleAdd(rule) }))
		says(t, p, bad{}, "routing")
	})

	t.Run("bypass", func(t *testing.T) {
		bypass(t, p)
		contains(t, says(t, p, bad{"capture": control.HealthWarn}, "capture"), "ordered by the operator")
		unbypass(t, p)
		says(t, p, bad{}, "capture")
	})

	t.Run("proxy hangs", func(t *testing.T) {
		pid, err := p.ChildPID(t.Context(), "proxy")
		must(t, err)
		must(t, syscall.Kill(pid, syscall.SIGSTOP))
		must(t, p.WaitStatus(startTime, "a new proxy", func(s lab.Status) bool { return s.Proxy.Restarts == 1 && s.Mode == "inline" }))
		contains(t, says(t, p, bad{"proxy": control.HealthWarn}, "proxy"), "started again")
	})
}

// TestDoctorSeesTheHang looks while the proxy is stopped: the watchdog is told to be patient.
func TestDoctorSeesTheHang(t *testing.T) {
	_, p := examined(t, patient)
	pid, err := p.ChildPID(t.Context(), "proxy")
	must(t, err)
	must(t, syscall.Kill(pid, syscall.SIGSTOP))
	// A check has failed after half of the timeout; the silence is judged after all of it.
	contains(t, says(t, p, bad{"health": control.HealthFail}, "health"), "The last check failed")
	must(t, syscall.Kill(pid, syscall.SIGCONT))
	says(t, p, bad{}, "health")
}

// asOwner has the kernel do what change asks of nft, by a copy of the one socket that
// may: nobody else can break limpid's tables.
func asOwner(t *testing.T, p *lab.Limpid, change func(*nftables.Conn)) {
	t.Helper()
	var batch []byte
	conn, err := nftables.New(nftables.WithTestDial(func(request []netlink.Message) ([]netlink.Message, error) {
		for i := range request {
			m := request[i]
			m.Header.Flags &^= netlink.Acknowledge // which would reach the supervisor
			m.Header.Length = uint32(unix.SizeofNlMsghdr + len(m.Data))
			b, err := m.MarshalBinary()
			if err != nil {
				return nil, err
			}
			batch = append(batch, b...)
		}
		return nil, nil
	}))
	must(t, err)
	change(conn)
	_ = conn.Flush() // nobody answers
	if len(batch) == 0 {
		t.Fatal("nothing to ask of the kernel")
	}
	pid, err := p.ChildPID(t.Context(), "gate")
	must(t, err)
	process, err := unix.PidfdOpen(pid, 0)
	must(t, err)
	defer unix.Close(process)
	keeper, err := unix.PidfdGetfd(process, inherited.GateRulesFD, 0)
	must(t, err)
	defer unix.Close(keeper)
	kept := peek(t, keeper)
	defer func() {
		for _, fd := range kept {
			_ = unix.Close(fd)
		}
	}()
	owner := kept[len(kept)-1] // the others are of programs
	must(t, unix.Sendto(owner, batch, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
}

// peek takes copies of the descriptors that wait in a socket, and leaves them there.
func peek(t *testing.T, fd int) []int {
	t.Helper()
	rights := make([]byte, 1024)
	_, n, _, _, err := unix.Recvmsg(fd, make([]byte, 1), rights, unix.MSG_PEEK|unix.MSG_CMSG_CLOEXEC)
	must(t, err)
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	must(t, err)
	if len(messages) != 1 {
		t.Fatalf("%d messages wait, want one with what keeps the rules", len(messages))
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	must(t, err)
	return fds
}

func TestDoctorCountsTheRules(t *testing.T) {
	_, p := examined(t, patient)
	asOwner(t, p, func(c *nftables.Conn) {
		c.FlushChain(&nftables.Chain{Name: "divert", Table: &nftables.Table{Name: "limpid", Family: nftables.TableFamilyINet}})
	})
	contains(t, says(t, p, bad{"rules": control.HealthFail}, "rules"), "chain divert of table inet limpid has 0 rules of ")
	asOwner(t, p, func(c *nftables.Conn) {
		c.FlushSet(&nftables.Set{Name: "ports", Table: &nftables.Table{Name: "limpid", Family: nftables.TableFamilyBridge}})
	})
	contains(t, says(t, p, bad{"rules": control.HealthFail, "ports": control.HealthFail}, "ports"), "the rules none")
	asOwner(t, p, func(c *nftables.Conn) {
		c.DelTable(&nftables.Table{Name: "limpid", Family: nftables.TableFamilyBridge})
	})
	contains(t, says(t, p, bad{"rules": control.HealthFail}, "rules"), "Table bridge limpid is gone")
}

// TestDoctorWithoutSupervisor kills it: the wire is looked at all the same.
func TestDoctorWithoutSupervisor(t *testing.T) {
	l, p := examined(t, quiet)
	must(t, p.Kill())
	contains(t, says(t, p, bad{"supervisor": control.HealthFail}, "supervisor", "-c", p.Config), "no limpid runs there")
	must(t, l.Node("wansw").SetDown("box"))
	contains(t, says(t, p, bad{"supervisor": control.HealthFail, "links": control.HealthFail}, "links", "-c", p.Config), "eth1")
	must(t, l.Node("wansw").SetUp("box"))
	get(t, dial(t, l.C1, "10.77.0.101:80"), 1000)
	must(t, l.Box.SetSysctl("ipv4/conf/all/rp_filter", "1"))
	contains(t, says(t, p, bad{"supervisor": control.HealthFail, "sysctls": control.HealthFail}, "sysctls", "-c", p.Config), "net/ipv4/conf/all/rp_filter is 1, not 0")
}

// TestDoctorFlowForetells asks what would become of a connection, then opens it.
func TestDoctorFlowForetells(t *testing.T) {
	l, p := examined(t, quiet+"ipv6 = false\nports = [80, 8000]\nbypass = [{client = \"10.77.0.12/32\", server = \"10.77.0.0/24\"}]\n")
	for _, port := range []string{":81", ":8000"} {
		_, err := l.S1.HTTPOrigin(port)
		must(t, err)
	}
	check := func(from *lab.Node, client, server, says string, captured bool) {
		t.Helper()
		out, err := p.Run(t.Context(), "doctor", "flow", client, server, "--json")
		must(t, err)
		var a control.FlowAnswer
		must(t, json.Unmarshal(out, &a))
		if captured != (a.Captured == control.CapturedYes) {
			t.Errorf("%s to %s: %s", client, server, a.Answer)
		}
		contains(t, a.Answer, says)
		before := status(t, p).Flows.Captured
		get(t, dial(t, from, server), 100)
		if after := status(t, p).Flows.Captured; (after > before) != captured {
			t.Errorf("%s to %s: captured %d times, though: %s", client, server, after-before, a.Answer)
		}
	}
	check(l.C1, "10.77.0.11", "10.77.0.101:80", "is captured", true)
	check(l.C1, "10.77.0.11", "10.77.0.101:8000", "is captured", true)
	check(l.C1, "10.77.0.11", "10.77.0.101:81", "port 81 is not among those intercepted (80, 8000)", false)
	check(l.C2, "10.77.0.12", "10.77.0.101:80", "10.77.0.12/32 -> 10.77.0.0/24", false)
	check(l.C1, "fd77::11", "[fd77::101]:80", "IPv6 is left on the bridge", false)
	bypass(t, p)
	check(l.C1, "10.77.0.11", "10.77.0.101:80", "ordered by the operator", false)
	unbypass(t, p)
	conn := dial(t, l.C1, "10.77.0.101:80")
	get(t, conn, 100)
	out, err := p.Run(t.Context(), "doctor", "flow", "10.77.0.11", "10.77.0.101")
	must(t, err)
	contains(t, string(out), "Being carried now")
}
