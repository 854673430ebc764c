package interceptor

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func example() Spec {
	return Spec{
		Bridge: "br0", BridgeMAC: [6]byte{2, 0x77, 0, 0, 0, 1}, LAN: "eth0", WAN: "eth1", Ports: []uint16{80},
		Capture: Redirect, Handshake: Accept, Memory: Sets, ProxyPort: 8080, Slots: 65536,
	}.DefaultTimeouts()
}

// TestRulesText compares what is installed with testdata; run with
// UPDATE=1 to write it anew, and read the difference.
func TestRulesText(t *testing.T) {
	tests := map[string]func(*Spec){
		"accept-redirect": func(*Spec) {},
		"mirror-broute":   func(s *Spec) { s.Capture, s.Handshake, s.IPv6 = Broute, Mirror, true },
		"programs":        func(s *Spec) { s.Memory, s.Handshake, s.VLANs = Programs, Mirror, []uint16{10} },
		"vlans":           func(s *Spec) { s.VLANs, s.Ports = []uint16{10, 20}, []uint16{80, 8080} },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			s := example()
			change(&s)
			var got strings.Builder
			must(t, WriteText(&got, s))
			path := filepath.Join("testdata", name+".txt")
			if os.Getenv("UPDATE") != "" {
				must(t, os.WriteFile(path, []byte(got.String()), 0o644))
			}
			want, err := os.ReadFile(path)
			must(t, err)
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestClassicRecipesAreShown(t *testing.T) {
	for _, memory := range []Memory{Sets, Programs} {
		s := example()
		s.IPv6, s.Memory = true, memory
		var b strings.Builder
		must(t, WriteText(&b, s))
		for _, recipe := range []string{
			"ebtables -t broute -A BROUTING -p IPv4 --ip-proto tcp --ip-dport 80 -j redirect --redirect-target DROP",
			"ebtables -t broute -A BROUTING -p IPv4 --ip-proto tcp --ip-sport 80 -j redirect --redirect-target DROP",
			"ebtables -t broute -A BROUTING -p IPv6 --ip6-proto tcp --ip6-dport 80 -j redirect --redirect-target DROP",
			"ebtables -t broute -A BROUTING -p IPv6 --ip6-proto tcp --ip6-sport 80 -j redirect --redirect-target DROP",
			"iptables -t mangle -A PREROUTING -p tcp --dport 80 -j TPROXY --on-port 8080 --tproxy-mark 0x1/0x1",
			"ip6tables -t mangle -A PREROUTING -p tcp --dport 80 -j TPROXY --on-port 8080 --tproxy-mark 0x1/0x1",
			"ip rule add fwmark 0x1/0x1 lookup 100", "ip route add local default dev lo table 100",
			"ip -6 rule add fwmark 0x1/0x1 lookup 100", "ip -6 route add local default dev lo table 100",
		} {
			if !strings.Contains(b.String(), "classic: "+recipe+"\n") {
				t.Errorf("%s: no rule stands for: %s", memory, recipe)
			}
		}
	}
}

func TestSpecIsRefused(t *testing.T) {
	tests := map[string]struct {
		change func(*Spec)
		want   string
	}{
		"same ports":      {func(s *Spec) { s.WAN = s.LAN }, "both ports are eth0"},
		"no TCP port":     {func(s *Spec) { s.Ports = nil }, "no TCP port"},
		"TCP port 0":      {func(s *Spec) { s.Ports = []uint16{80, 0} }, "port 0"},
		"no listener":     {func(s *Spec) { s.ProxyPort = 0 }, "no proxy port"},
		"capture":         {func(s *Spec) { s.Capture = "auto" }, `capture "auto"`},
		"handshake":       {func(s *Spec) { s.Handshake = "" }, `handshake ""`},
		"no slots":        {func(s *Spec) { s.Slots = 0 }, "no room"},
		"no MAC":          {func(s *Spec) { s.BridgeMAC = [6]byte{} }, "br0 has no MAC"},
		"long name":       {func(s *Spec) { s.Bridge = "a-name-of-17-byte" }, "1 to 15 bytes"},
		"mixed bypass":    {func(s *Spec) { s.Bypass = pairs("10.0.0.0/8", "::/0") }, "one family"},
		"empty bypass":    {func(s *Spec) { s.Bypass = []Pair{{}} }, "prefixes of one family"},
		"several at once": {func(s *Spec) { s.Slots, s.ProxyPort = 0, 0 }, "no proxy port"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := example()
			tt.change(&s)
			if _, err := plan(s); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestChangedSpecIsNotEqual(t *testing.T) {
	changes := map[string]func(*Spec){
		"bridge": func(s *Spec) { s.Bridge = "br1" }, "mac": func(s *Spec) { s.BridgeMAC[5]++ }, "lan": func(s *Spec) { s.LAN = "x" },
		"wan": func(s *Spec) { s.WAN = "x" }, "ports": func(s *Spec) { s.Ports = []uint16{81} }, "vlans": func(s *Spec) { s.VLANs = []uint16{1} },
		"capture": func(s *Spec) { s.Capture = Broute }, "handshake": func(s *Spec) { s.Handshake = Mirror }, "ipv6": func(s *Spec) { s.IPv6 = true },
		"proxy port": func(s *Spec) { s.ProxyPort++ }, "queue": func(s *Spec) { s.Queue++ }, "slots": func(s *Spec) { s.Slots++ },
		"bypass": func(s *Spec) { s.Bypass = pairs("::/0", "::/0") }, "flow timeout": func(s *Spec) { s.FlowTimeout++ },
		"asked timeout": func(s *Spec) { s.AskedTimeout++ }, "armed timeout": func(s *Spec) { s.ArmedTimeout++ },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			s := example()
			change(&s)
			if s.equal(example()) {
				t.Error("the change would not be applied")
			}
		})
	}
	if !example().equal(example()) {
		t.Error("equal specs are not equal")
	}
}

func TestMarksCarryVLANs(t *testing.T) {
	kinds := []Mark{MarkApproved, MarkFromClient, MarkFromServer, MarkToClient, MarkToServer, MarkHeardLAN, MarkHeardWAN}
	for i, m := range kinds {
		for _, id := range []uint16{0, 1, 42, 4094} {
			tagged := m.WithVLAN(id)
			if tagged.VLAN() != id || tagged&MarkMask != m {
				t.Errorf("%#x with VLAN %d is %#x: VLAN %d, kind %#x", m, id, tagged, tagged.VLAN(), tagged&MarkMask)
			}
		}
		for _, other := range kinds[i+1:] {
			if m == other {
				t.Errorf("two kinds share mark %#x", m)
			}
		}
	}
}

func TestBypassOfOneSideMeansAnyOther(t *testing.T) {
	s := example()
	s.IPv6 = true
	s.Bypass = []Pair{{Client: netip.MustParsePrefix("10.0.0.0/8")}, {Server: netip.MustParsePrefix("2001:db8::/32")}}
	var b strings.Builder
	must(t, WriteText(&b, s))
	for _, want := range []string{"ip saddr 10.0.0.0/8 ip daddr 0.0.0.0/0 return", "ip6 saddr ::/0 ip6 daddr 2001:db8::/32 return"} {
		if strings.Count(b.String(), want) != 1 {
			t.Errorf("not once: %s", want)
		}
	}
}

func TestRoutingTablesDoNotOverlap(t *testing.T) {
	s := example()
	s.IPv6 = true
	s.VLANs = []uint16{1, 4094}
	rules, ways := s.policies()
	type place struct{ family, table int }
	seen := map[place]way{}
	for _, w := range ways {
		if old, twice := seen[place{w.family, w.table}]; twice {
			t.Errorf("table %d leads to %v and to %v", w.table, old.via.ip, w.via.ip)
		}
		seen[place{w.family, w.table}] = w
	}
	for _, r := range rules {
		if _, ok := seen[place{r.family, r.table}]; !ok {
			t.Errorf("mark %#x selects table %d, which has no route", r.mark, r.table)
		}
	}
}

func TestChoose(t *testing.T) {
	lacks := &UnsupportedError{Feature: "x", MinKernel: "9.9", Kconfig: "CONFIG_X", Err: errors.ErrUnsupported}
	tests := []struct {
		name               string
		features           Features
		capture, handshake string
		want               string
	}{
		{"all there", Features{}, "auto", "auto", "broute mirror"},
		{"nothing optional", Features{Broute: lacks, Queue: lacks}, "auto", "auto", "redirect accept"},
		{"wish granted", Features{}, "redirect", "accept", "redirect accept"},
		{"no broute", Features{Broute: lacks}, "broute", "auto", "CONFIG_X"},
		{"no queue", Features{Queue: lacks}, "auto", "mirror", "CONFIG_X"},
		{"no tproxy", Features{TPROXY: lacks}, "auto", "auto", "CONFIG_X"},
		{"no bridge", Features{Bridge: lacks}, "auto", "auto", "Linux 9.9"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, h, err := tt.features.Choose(tt.capture, tt.handshake)
			got := string(c) + " " + string(h)
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
