package interceptor

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/nftables"
)

func look(t *testing.T, i *Interceptor) Found {
	t.Helper()
	f, err := i.Inspect(t.Context())
	must(t, err)
	return f
}

func TestInspectBeforeAndAfter(t *testing.T) {
	box(t)
	i := opened(t)
	f := look(t, i)
	if f.Planned || len(f.Tables) != 2 || f.Tables[0].Present || f.Tables[1].Present {
		t.Errorf("nothing is installed: %+v", f)
	}
	if f, err := Inspect(t.Context()); err != nil || len(f.Tables) != 2 || f.Tables[0].Present {
		t.Errorf("nothing is installed: %+v, %v", f, err)
	}
}

func TestInspectFindsAllOfEverySpec(t *testing.T) {
	for name, change := range map[string]func(*Spec){
		"both families":    func(*Spec) {},
		"IPv4 only":        func(s *Spec) { s.IPv6 = false },
		"three ports":      func(s *Spec) { s.Ports = []uint16{8888, 80, 8000} },
		"ports of its own": func(s *Spec) { s.OwnPorts = true },
		"bypassed pairs":   func(s *Spec) { s.Bypass = pairs("10.0.0.0/8", "192.0.2.0/24", "::/0", "2001:db8::1/128") },
	} {
		t.Run(name, func(t *testing.T) {
			s := box(t)
			change(&s)
			i := opened(t)
			must(t, i.Apply(t.Context(), s))
			before := traces(t)
			f := look(t, i)
			if !f.Planned || len(f.Missing) != 0 || len(f.Lost) != 0 || f.Rules == 0 || f.Routes == 0 || f.Armed {
				t.Errorf("found %+v", f)
			}
			for _, table := range f.Tables {
				if !table.Present || !table.Owned {
					t.Errorf("found %+v", table)
				}
			}
			if want := slices.Sorted(slices.Values(s.Ports)); !slices.Equal(f.Ports, want) {
				t.Errorf("found ports %v, want %v", f.Ports, want)
			}
			for _, s := range f.Sysctls {
				if s.Have != s.Want || s.Why == "" {
					t.Errorf("found %+v", s)
				}
			}
			must(t, i.Arm())
			if !look(t, i).Armed {
				t.Error("armed, and not found so")
			}
			must(t, i.Disarm())
			if look(t, i).Armed {
				t.Error("disarmed, and found armed")
			}
			if traces(t) != before {
				t.Error("looking has changed something")
			}
			// Somebody else sees the tables too.
			if f, err := Inspect(t.Context()); err != nil || !f.Tables[0].Present || !f.Tables[1].Owned || f.Planned {
				t.Errorf("another: %+v, %v", f, err)
			}
		})
	}
}

func TestInspectNamesWhatIsGone(t *testing.T) {
	s := box(t)
	i := opened(t)
	must(t, i.Apply(t.Context(), s))
	all := look(t, i)
	for _, command := range []string{
		"ip rule del priority 771", "ip -6 rule del priority 773", "ip route flush table 771000", "ip route flush table 770000",
		"ip neigh del 169.254.255.2 dev br0", "bridge fdb del 02:4c:50:00:00:01 dev eth0 master",
	} {
		words := strings.Fields(command)
		output(t, words[0], words[1:]...)
	}
	f := look(t, i)
	want := []string{
		"ip rule add priority 771 fwmark 0x4c500003/0xfff0000f lookup 770000",
		"ip -6 rule add priority 773 fwmark 0x4c500005/0xffffffff lookup 776000",
		"ip route add local default dev lo table 770000",
		"ip route add default via 169.254.255.1 dev br0 onlink table 771000",
		"bridge fdb replace 02:4c:50:00:00:01 dev eth0 master static",
		"ip neigh replace 169.254.255.2 lladdr 02:4c:50:00:00:02 dev br0 nud permanent",
	}
	slices.Sort(want)
	if got := slices.Sorted(slices.Values(f.Lost)); !slices.Equal(got, want) || f.Routes >= all.Routes {
		t.Errorf("%d of %d are there; gone:\n%s\nwant\n%s", f.Routes, all.Routes, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	must(t, os.WriteFile("/proc/sys/net/ipv4/fwmark_reflect", []byte("0"), 0o644))
	for _, s := range look(t, i).Sysctls {
		if wrong := s.Have != s.Want; wrong != (s.Key == "net/ipv4/fwmark_reflect") {
			t.Errorf("found %+v", s)
		}
	}
	// By the socket that owns them: nobody else can.
	i.conn.FlushChain(&nftables.Chain{Name: "divert", Table: inetTable()})
	must(t, i.conn.Flush())
	if f := look(t, i); len(f.Missing) != 1 || !strings.HasPrefix(f.Missing[0], "chain divert of table inet limpid has 0 rules of ") {
		t.Errorf("missing: %q", f.Missing)
	}
	i.conn.DelTable(bridgeTable())
	must(t, i.conn.Flush())
	if f := look(t, i); f.Tables[0].Present || !f.Tables[1].Present || f.Ports != nil || f.Armed {
		t.Errorf("without a table: %+v", f)
	}
}
