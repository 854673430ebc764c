package boot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"limpid/bridge"
)

// newWire moves the test into a network namespace of its own, with these network cards,
// and gives a box whose wire is the first two.
func newWire(t *testing.T, cards ...string) *Box {
	t.Helper()
	runtime.LockOSThread() // for good: the thread ends with the test
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	for _, name := range cards {
		plug(t, name)
	}
	b := newBox(t)
	b.ports = [2]string{cards[0], cards[1]}
	if err := buildBridge(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	return b
}

// ip runs ip(8) in the namespace of the test, and gives what it says of links.
func ip(t *testing.T, args ...string) []ipLink {
	t.Helper()
	for {
		cmd := exec.CommandContext(t.Context(), "ip", append([]string{"-json", "link"}, args...)...)
		var said bytes.Buffer
		cmd.Stderr = &said
		out, err := cmd.Output()
		if strings.Contains(said.String(), "interrupted") {
			continue // links have changed while they were listed
		}
		if err != nil {
			t.Fatalf("ip link %v: %v: %s", args, err, &said)
		}
		var links []ipLink
		if len(out) > 0 && json.Unmarshal(out, &links) != nil {
			t.Fatalf("ip link %v: %s", args, out)
		}
		return links
	}
}

// ipLink is what ip(8) says of one.
type ipLink struct {
	Index  int    `json:"ifindex"`
	Name   string `json:"ifname"`
	Master string `json:"master"`
}

func plug(t *testing.T, name string) {
	t.Helper()
	ip(t, "add", name, "type", "veth", "peer", "far-"+name)
}

func pull(t *testing.T, name string) {
	t.Helper()
	ip(t, "del", name)
}

// settingsOf writes a configuration with this bridge.
func settingsOf(t *testing.T, name string, ports ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "limpid.toml")
	write(t, path, fmt.Sprintf("[bridge]\nname = %q\nports = [%q, %q]\n", name, ports[0], ports[1]))
	return path
}

// joinedIn names what is in a bridge, in order, and the bridge's index; "absent": there is
// no such bridge.
func joinedIn(t *testing.T, name string) (ports string, index int) {
	t.Helper()
	links := ip(t, "show")
	i := slices.IndexFunc(links, func(l ipLink) bool { return l.Name == name })
	if i < 0 {
		return "absent", 0
	}
	var names []string
	for _, l := range links {
		if l.Master == name {
			names = append(names, l.Name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " "), links[i].Index
}

// missingPorts are those that an error complains of.
func missingPorts(err error) string {
	missing, ok := errors.AsType[*bridge.MissingPortError](err)
	if !ok {
		return ""
	}
	return strings.Join(missing.Ports, " ")
}

// One box takes one configuration after the other. A wire is given up for one whose ports
// are there, and for nothing else.
func TestAdoptPorts(t *testing.T) {
	b := newWire(t, "eth0", "eth1", "eth2", "eth3")
	_, made := joinedIn(t, "br0")
	for _, step := range []struct {
		what        string
		config      string
		missing     string // ports, of the error
		bridge      string
		has         string
		stays, fail bool // the bridge is the same one; the error is another
	}{
		{"the same", settingsOf(t, "br0", "eth0", "eth1"), "", "br0", "eth0 eth1", true, false},
		{"the other way round", settingsOf(t, "br0", "eth1", "eth0"), "", "br0", "eth0 eth1", true, false},
		{"both are missing", settingsOf(t, "br0", "eth8", "eth9"), "eth8 eth9", "br0", "eth0 eth1", true, false},
		{"one is missing", settingsOf(t, "br0", "eth2", "eth9"), "eth9", "br0", "eth0 eth1", true, false},
		{"one is missing, and another name", settingsOf(t, "wire", "eth1", "eth9"), "eth9", "br0", "eth0 eth1", true, false},
		{"no configuration", filepath.Join(t.TempDir(), "none"), "", "br0", "eth0 eth1", true, true},
		{"another name", settingsOf(t, "wire", "eth0", "eth1"), "", "wire", "eth0 eth1", true, false},
		{"other ports", settingsOf(t, "wire", "eth2", "eth3"), "", "wire", "eth2 eth3", false, false},
		{"one other port, and another name", settingsOf(t, "br0", "eth3", "eth0"), "", "br0", "eth0 eth3", false, false},
	} {
		b.config = step.config
		err := adoptPorts(t.Context(), b)
		if missingPorts(err) != step.missing || (err != nil) != (step.fail || step.missing != "") {
			t.Errorf("%s: %v", step.what, err)
		}
		has, now := joinedIn(t, step.bridge)
		if has != step.has {
			t.Errorf("%s: %s has %q, want %q", step.what, step.bridge, has, step.has)
		}
		if (now == made) != step.stays {
			t.Errorf("%s: the bridge is the same: %v", step.what, now == made)
		}
		made = now
	}
	if left, _ := joinedIn(t, "wire"); left != "absent" {
		t.Errorf("the bridge of before is left, with %q", left)
	}
}

// A bridge that has lost a port is no wire that could be lost: another is built of what
// there is, and waits for the rest.
func TestAdoptPortsOfNoWire(t *testing.T) {
	b := newWire(t, "eth0", "eth1", "eth2")
	pull(t, "eth1")
	b.config = settingsOf(t, "br0", "eth2", "eth9")
	if err := adoptPorts(t.Context(), b); missingPorts(err) != "eth9" {
		t.Error(err)
	}
	if has, _ := joinedIn(t, "br0"); has != "eth2" {
		t.Errorf("br0 has %q", has)
	}
	plug(t, "eth9")
	if err := adoptPorts(t.Context(), b); err != nil {
		t.Error(err)
	}
	if has, _ := joinedIn(t, "br0"); has != "eth2 eth9" {
		t.Errorf("br0 has %q", has)
	}
}

// While no supervisor does, what was undone is mended before the next one starts.
func TestAdoptPortsMends(t *testing.T) {
	b := newWire(t, "eth0", "eth1")
	b.config = settingsOf(t, "br0", "eth0", "eth1")
	pull(t, "br0")
	if err := adoptPorts(t.Context(), b); err != nil {
		t.Error(err)
	}
	if has, _ := joinedIn(t, "br0"); has != "eth0 eth1" {
		t.Errorf("br0 has %q", has)
	}
}

// Whoever adopts at the same time: never are there three ports in one bridge.
func TestAdoptPortsOneAtATime(t *testing.T) {
	b := newWire(t, "eth0", "eth1", "eth2", "eth3")
	space, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(space)
	var working sync.WaitGroup
	defer working.Wait()
	for _, path := range []string{settingsOf(t, "br0", "eth0", "eth1"), settingsOf(t, "br0", "eth2", "eth3")} {
		working.Go(func() {
			runtime.LockOSThread()
			if err := unix.Setns(space, unix.CLONE_NEWNET); err != nil {
				t.Error(err)
				return
			}
			for range 25 {
				b.mu.Lock()
				b.config = path
				b.mu.Unlock()
				if err := adoptPorts(t.Context(), b); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { working.Wait(); close(done) }()
	for !closed(done) {
		if ports, _ := joinedIn(t, "br0"); strings.Count(ports, " ") > 1 {
			t.Fatalf("br0 has %q", ports)
		}
	}
	if ports, _ := joinedIn(t, "br0"); ports != "eth0 eth1" && ports != "eth2 eth3" {
		t.Errorf("br0 has %q", ports)
	}
}

// closed says whether a channel is.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// Where a keeper is, it adopts before the next start, and nobody beside it.
func TestWhoAdopts(t *testing.T) {
	b := newWire(t, "eth0", "eth1", "eth2", "eth3")
	b.config = settingsOf(t, "br0", "eth2", "eth3")
	k, _, starts := keep(t, "exec sleep 1000") // one that adopts nothing
	until(t, "a start", func() bool { _, runs := k.runsSince(); return runs })
	b.supervise = k
	b.apply(t.Context())
	until(t, "another start", func() bool { return starts.Load() == 2 })
	if has, _ := joinedIn(t, "br0"); has != "eth0 eth1" {
		t.Errorf("beside the keeper: br0 has %q", has)
	}
	b.supervise = nil
	b.apply(t.Context())
	if has, _ := joinedIn(t, "br0"); has != "eth2 eth3" {
		t.Errorf("without a keeper: br0 has %q", has)
	}
}

// A configuration whose ports are not there cannot be used, but by a box that is no wire.
func TestUsable(t *testing.T) {
	b := newWire(t, "eth0", "eth1", "eth2", "eth3")
	bad := filepath.Join(t.TempDir(), "bad")
	write(t, bad, "[bridge\n")
	check := func(when string, want map[string]bool) {
		t.Helper()
		for path, ok := range want {
			if err := b.usable(t.Context(), path); (err == nil) != ok {
				t.Errorf("%s: %v", when, err)
			}
		}
	}
	own, others, absent := settingsOf(t, "br0", "eth1", "eth0"), settingsOf(t, "wire", "eth2", "eth3"), settingsOf(t, "br0", "eth0", "eth9")
	check("a whole wire", map[string]bool{own: true, others: true, absent: false, bad: false})
	err := b.usable(t.Context(), absent)
	if _, ok := errors.AsType[*absentError](err); !ok {
		t.Error(err)
	}
	pull(t, "eth1")
	check("without one of its ports", map[string]bool{own: true, others: true, absent: true, bad: false})
	b.bridge = nil
	check("without a bridge", map[string]bool{own: true, others: true, absent: true, bad: false})
}

// A bridge is what process 1 vouches for, and not its cables: there and up, with what is
// plugged in, under whatever name the supervisor has given it since.
func TestStanding(t *testing.T) {
	b := newWire(t, "eth0", "eth1")
	want := func(when string, standing bool) {
		t.Helper()
		if b.standing(t.Context()) != standing {
			t.Errorf("%s: standing is %v", when, !standing)
		}
	}
	want("no link", true)
	ip(t, "set", "br0", "down")
	want("down", false)
	ip(t, "set", "br0", "name", "wire") // an older kernel wants it down
	ip(t, "set", "wire", "up")
	want("renamed", true)
	pull(t, "eth1")
	want("one port", true)
	pull(t, "wire")
	want("gone", false)
	if b.bridge = nil; b.standing(t.Context()) {
		t.Error("never built: standing")
	}
}

// Settings that were passed over for their ports are taken when all of these have come.
func TestAwaitPorts(t *testing.T) {
	b := newWire(t, "eth0", "eth1")
	path := settingsOf(t, "br0", "eth8", "eth9")
	asked := func() bool {
		b.awaitPorts(t.Context(), path)
		select {
		case <-b.changed:
			return true
		default:
			return false
		}
	}
	b.waits = true
	for _, name := range []string{"eth8", "eth9"} {
		if asked() {
			t.Errorf("taken without %s", name)
		}
		plug(t, name)
	}
	if !asked() {
		t.Error("not taken, with all that was missing")
	}
	b.waits = false
	if asked() {
		t.Error("taken once more")
	}
}

// The defaults leave the wire as it is, if it is one.
func TestDefaultPorts(t *testing.T) {
	b := newWire(t, "eth0", "eth1", "eth2", "eth3")
	want := func(when string, lan, wan string) {
		t.Helper()
		if got := b.defaultPorts(t.Context()); got != [2]string{lan, wan} {
			t.Errorf("%s: %v", when, got)
		}
	}
	want("a new box", "eth0", "eth1")
	b.config = settingsOf(t, "br0", "eth3", "eth2")
	if err := adoptPorts(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	want("another wire", "eth3", "eth2")
	b.defaults = [2]string{"eth1", "eth2"}
	want("a factory reset", "eth1", "eth2")
	want("after it", "eth3", "eth2")
	pull(t, "eth3")
	want("a wire that has lost a port", "eth0", "eth1")
}
