package flows

import (
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// box puts the test into a network namespace of its own with two ports, and returns
// the Spec that fits them.
//
//	peer0 ── eth0 [br0] eth1 ── peer1
func box(t *testing.T) Spec {
	t.Helper()
	// The thread stays locked, so that the runtime discards it, and the
	// namespace with it, when the test ends.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatalf("make a network namespace: %v (run as root)", err)
	}
	// The kernel's own frames would come between.
	must(t, os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0o644))
	attrs, snooping := netlink.NewLinkAttrs(), false
	attrs.Name, attrs.HardwareAddr = "br0", boxMAC[:]
	must(t, netlink.LinkAdd(&netlink.Bridge{LinkAttrs: attrs, MulticastSnooping: &snooping}))
	must(t, netlink.LinkSetUp(found(t, "br0")))
	port(t, "0", 0)
	port(t, "1", 0)
	return specified()
}

func found(t *testing.T, name string) netlink.Link {
	t.Helper()
	l, err := netlink.LinkByName(name)
	must(t, err)
	return l
}

// port makes a port and its peer; an index of 0 is any.
func port(t *testing.T, number string, index int) {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.Index = "eth"+number, index
	must(t, netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "peer" + number}))
	must(t, netlink.LinkSetMaster(found(t, "eth"+number), found(t, "br0")))
	must(t, netlink.LinkSetUp(found(t, "eth"+number)))
	must(t, netlink.LinkSetUp(found(t, "peer"+number)))
}

// places are where programs are, as "eth0 ingress: from_client", with their numbers.
type places map[string]ebpf.ProgramID

func attachedIn(t *testing.T) places {
	t.Helper()
	links, err := netlink.LinkList()
	must(t, err)
	all := make(places)
	for _, l := range links {
		for way, kind := range map[string]ebpf.AttachType{"ingress": ebpf.AttachTCXIngress, "egress": ebpf.AttachTCXEgress} {
			result, err := link.QueryPrograms(link.QueryOptions{Target: l.Attrs().Index, Attach: kind})
			must(t, err)
			for _, attached := range result.Programs {
				program, err := ebpf.NewProgramFromID(attached.ID)
				must(t, err)
				info, err := program.Info()
				must(t, err)
				must(t, program.Close())
				all[l.Attrs().Name+" "+way+": "+info.Name] = attached.ID
			}
		}
	}
	return all
}

// wantAttached wants the four programs at these ports, and no others.
func wantAttached(t *testing.T, lan, wan string) {
	t.Helper()
	want := []string{lan + " egress: to_client", lan + " ingress: from_client", wan + " egress: to_server", wan + " ingress: from_server"}
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(attachedIn(t))); !slices.Equal(got, want) {
		t.Errorf("attached are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func wantNothingAttached(t *testing.T) {
	t.Helper()
	if all := attachedIn(t); len(all) != 0 {
		t.Errorf("attached are %v", all)
	}
}

// held counts this process's programs, maps and links.
func held(t *testing.T) int {
	t.Helper()
	const dir = "/proc/self/fd/"
	all, err := os.ReadDir(dir)
	must(t, err)
	n := 0
	for _, fd := range all {
		target, err := os.Readlink(dir + fd.Name()) // fails for the directory's own
		if err == nil && slices.Contains([]string{"anon_inode:bpf-prog", "anon_inode:bpf-map", "anon_inode:bpf_link"}, target) {
			n++
		}
	}
	return n
}

// opened is a Memory of nothing, with its bench.
func opened(t *testing.T) bench {
	t.Helper()
	m := New()
	t.Cleanup(func() { must(t, m.Close()) })
	return bench{t, m}
}

// apply says whether flows were cut.
func (b bench) apply(s Spec) bool {
	b.t.Helper()
	cut, err := b.Apply(s)
	must(b.t, err)
	return cut
}
