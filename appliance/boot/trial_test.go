package boot

import (
	"bufio"
	"context"
	"log/slog"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"limpid/appliance/reap"
	"limpid/bridge"
)

// tries does what a supervisor does that tries a wire: the one of before makes room for it.
func tries(t *testing.T, former, spec bridge.Spec) {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	of := func(s bridge.Spec) *bridge.Bridge {
		t.Helper()
		s.Alone = false
		made, err := bridge.New(s, log)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	if left, err := of(former).MakeRoom(t.Context(), spec); !left || err != nil {
		t.Fatalf("make room for %v: %v, %v", spec, left, err)
	}
	if st, err := of(spec).Ensure(t.Context()); err != nil || !st.Joined() {
		t.Fatalf("build %v: %+v, %v", spec, st, err)
	}
}

// neverThree follows which ports are in which bridge from here until it is stopped: in none
// are ever more than two.
func neverThree(t *testing.T) (stop func()) {
	t.Helper()
	in, joined := map[string]string{}, 0 // a port's bridge, and how often one has joined
	for _, l := range ip(t, "show") {
		in[l.Name] = l.Master
	}
	cmd := exec.CommandContext(t.Context(), "ip", "-o", "monitor", "link")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	begun, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			line, gone := strings.CutPrefix(strings.TrimPrefix(lines.Text(), "[LINK]"), "Deleted ")
			_, line, _ = strings.Cut(line, ": ")
			name, rest, _ := strings.Cut(line, ": ")
			name, _, _ = strings.Cut(name, "@")
			switch {
			case name == "begin" && !closed(begun):
				close(begun)
			case name == "end":
				return
			}
			_, rest, is := strings.Cut(rest, " master ")
			if is && in[name] == "" {
				joined++
			}
			if in[name], _, _ = strings.Cut(rest, " "); gone {
				in[name] = ""
			}
			ports := map[string]int{}
			for _, master := range in {
				ports[master]++
			}
			for name, n := range ports {
				if name != "" && n > 2 {
					t.Errorf("%s has %d ports: %v", name, n, in)
				}
			}
		}
	}()
	until(t, "word of links", func() bool {
		plug(t, "begin")
		pull(t, "begin")
		return closed(begun)
	})
	return func() {
		t.Helper()
		plug(t, "end")
		<-ended
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if !t.Failed() && joined == 0 {
			t.Error("no port has joined a bridge: this proves nothing")
		}
	}
}

// trials are wires that are tried in the place of br0 between eth0 and eth1.
var trials = map[string]bridge.Spec{
	"one other port":                 wireBetween("br0", [2]string{"eth0", "eth2"}),
	"two other ports":                wireBetween("br0", [2]string{"eth2", "eth3"}),
	"one other port, another name":   wireBetween("wire", [2]string{"eth2", "eth1"}),
	"two other ports, another name":  wireBetween("wire", [2]string{"eth2", "eth3"}),
	"the other way round, too":       wireBetween("br0", [2]string{"eth1", "eth2"}),
	"a name like that of a VLAN's":   wireBetween("br0.7", [2]string{"eth1", "eth2"}),
	"ports that come before in name": wireBetween("a", [2]string{"eth3", "eth1"}),
}

// While a wire is tried the box is well, and knows what it comes back to; when the supervisor
// has ended the former one is there again, and nothing else.
func TestTrialThatEndsWithItsSupervisor(t *testing.T) {
	for name, tried := range trials {
		t.Run(name, func(t *testing.T) {
			b := newWire(t, "eth0", "eth1", "eth2", "eth3")
			b.config = settingsOf(t, "br0", "eth0", "eth1")
			defer neverThree(t)()
			_, former := b.keeps()
			tries(t, former, tried)

			b.followTrial(t.Context(), b.config)
			if _, now := b.keeps(); !now.SamePorts(former) {
				t.Errorf("%v is kept, which nobody has confirmed", now)
			}
			if !b.standing(t.Context()) {
				t.Error("the box is not vouched for while the wire is tried")
			}
			if err := b.usable(t.Context(), settingsOf(t, "br0", "eth0", "eth9")); err == nil {
				t.Error("the wire would be given up for ports that are not there")
			}
			if got := b.defaultPorts(t.Context()); got != [2]string{"eth0", "eth1"} {
				t.Errorf("the defaults name %v", got)
			}

			if err := adoptPorts(t.Context(), b); err != nil {
				t.Error(err)
			}
			comesBack(t, b)
		})
	}
}

// A sound wire is not touched when a supervisor has ended: what that has made on it carries
// flows for a while yet. One that is not sound is mended.
func TestSoundWireIsLeftAlone(t *testing.T) {
	b := newWire(t, "eth0", "eth1")
	b.config = settingsOf(t, "br0", "eth0", "eth1")
	spoilt := func() bool {
		out, err := exec.CommandContext(t.Context(), "ip", "-details", "link", "show", "br0").Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(out), " stp_state 1 ")
	}
	ip(t, "set", "br0", "type", "bridge", "stp_state", "1") // what a mend would see
	b.afterSupervise(t.Context(), time.Minute)
	if !spoilt() {
		t.Error("it was mended")
	}
	ip(t, "set", "eth1", "nomaster")
	b.afterSupervise(t.Context(), time.Minute)
	if ports, _ := joinedIn(t, "br0"); ports != "eth0 eth1" || spoilt() {
		t.Errorf("with one port it was left alone: it has %q", ports)
	}
}

// comesBack wants br0 between eth0 and eth1, and no other bridge.
func comesBack(t *testing.T, b *Box) {
	t.Helper()
	for _, l := range ip(t, "show") {
		if want := map[string]string{"eth0": "br0", "eth1": "br0"}[l.Name]; l.Master != want {
			t.Errorf("%s is in %q, want %q", l.Name, l.Master, want)
		}
		for _, tried := range trials {
			if l.Name == tried.Name && l.Name != "br0" {
				t.Errorf("%s is left", l.Name)
			}
		}
	}
	if look, ok := b.seen(t.Context()); !ok || !look.Joined() {
		t.Errorf("the wire is %+v", look.Bridge)
	}
}

// A supervisor may end at any moment: also when the former wire has gone and the other one
// is not there, or half; and where the settings cannot be read by then.
func TestTrialThatEndsInTheMiddle(t *testing.T) {
	for name, spoil := range map[string]func(*testing.T, *Box){
		"nothing is built":        func(t *testing.T, _ *Box) { pull(t, "br0") },
		"an empty bridge":         func(t *testing.T, _ *Box) { ip(t, "set", "eth0", "nomaster"); ip(t, "set", "eth2", "nomaster") },
		"one port is in":          func(t *testing.T, _ *Box) { ip(t, "set", "eth0", "nomaster") },
		"the other port is in":    func(t *testing.T, _ *Box) { ip(t, "set", "eth2", "nomaster") },
		"its port is pulled":      func(t *testing.T, _ *Box) { pull(t, "eth2") },
		"settings are unreadable": func(t *testing.T, b *Box) { b.config = filepath.Join(t.TempDir(), "none") },
	} {
		t.Run(name, func(t *testing.T) {
			b := newWire(t, "eth0", "eth1", "eth2", "eth3")
			b.config = settingsOf(t, "br0", "eth0", "eth1")
			defer neverThree(t)()
			_, former := b.keeps()
			tries(t, former, wireBetween("br0", [2]string{"eth0", "eth2"}))
			spoil(t, b)
			if err := adoptPorts(t.Context(), b); (err != nil) != strings.HasPrefix(name, "settings") {
				t.Error(err)
			}
			comesBack(t, b)
		})
	}
}

// A trial that was confirmed is the wire from then on, which no end of a supervisor touches:
// whether process 1 has seen it before or not.
func TestTrialThatIsConfirmed(t *testing.T) {
	for name, tried := range trials {
		for when, follows := range map[string]bool{"seen": true, "not seen": false} {
			t.Run(name+", "+when, func(t *testing.T) {
				b := newWire(t, "eth0", "eth1", "eth2", "eth3")
				defer neverThree(t)()
				_, former := b.keeps()
				tries(t, former, tried)
				_, made := joinedIn(t, tried.Name)
				b.config = settingsOf(t, tried.Name, tried.LAN, tried.WAN)
				if follows {
					b.followTrial(t.Context(), b.config)
					if _, now := b.keeps(); !now.SamePorts(tried) || !b.standing(t.Context()) {
						t.Errorf("%v is kept", now)
					}
				}
				for range 2 {
					if err := adoptPorts(t.Context(), b); err != nil {
						t.Error(err)
					}
				}
				if got := b.defaultPorts(t.Context()); got != [2]string{tried.LAN, tried.WAN} {
					t.Errorf("the defaults name %v", got)
				}
				if ports, now := joinedIn(t, tried.Name); now != made || strings.Count(ports, " ") != 1 {
					t.Errorf("the bridge has %q, index %d, before %d", ports, now, made)
				}
				if ports, _ := joinedIn(t, "br0"); tried.Name != "br0" && ports != "absent" {
					t.Errorf("br0 is there, with %q", ports)
				}
			})
		}
	}
}

// Other settings that come while a wire is tried, from a stick, have theirs at once.
func TestOtherSettingsInATrial(t *testing.T) {
	for name, tried := range trials {
		t.Run(name, func(t *testing.T) {
			b := newWire(t, "eth0", "eth1", "eth2", "eth3")
			defer neverThree(t)()
			_, former := b.keeps()
			tries(t, former, tried)
			b.config = settingsOf(t, "br5", "eth3", "eth0")
			if err := adoptPorts(t.Context(), b); err != nil {
				t.Error(err)
			}
			if ports, _ := joinedIn(t, "br5"); ports != "eth0 eth3" {
				t.Errorf("br5 has %q", ports)
			}
			for _, gone := range []string{"br0", tried.Name} {
				if ports, _ := joinedIn(t, gone); ports != "absent" {
					t.Errorf("%s is there, with %q", gone, ports)
				}
			}
		})
	}
}

// The supervisor that tries a wire is killed: process 1 puts the former one back before the
// next one starts.
func TestTrialOfAKilledSupervisor(t *testing.T) {
	b := newWire(t, "eth0", "eth1", "eth2", "eth3")
	b.config = settingsOf(t, "br0", "eth0", "eth1")
	defer neverThree(t)()
	space, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var starts atomic.Int64
	back := make(chan bool, 9)
	k := &keeper{
		name: "test", reaper: reap.New(), log: b.log, again: make(chan struct{}, 1),
		command: func() *exec.Cmd { return exec.CommandContext(t.Context(), "sleep", "1000") },
		before:  func(ctx context.Context) { b.beforeSupervise(ctx); starts.Add(1) },
		ended: func(life time.Duration) {
			b.afterSupervise(ctx, life)
			look, ok := b.seen(ctx)
			back <- ok && look.Joined() && !look.Elsewhere()
		},
	}
	b.supervise = k
	var running sync.WaitGroup
	running.Go(func() {
		runtime.LockOSThread()
		if err := unix.Setns(space, unix.CLONE_NEWNET); err != nil {
			t.Error(err)
			return
		}
		k.run(ctx)
	})
	t.Cleanup(func() { stop(); k.end(0); running.Wait(); unix.Close(space) })
	runs := func() bool { _, runs := k.runsSince(); return runs }
	until(t, "a start", runs)
	_, former := b.keeps()
	tries(t, former, wireBetween("wire", [2]string{"eth0", "eth3"}))
	k.kill(time.Minute)
	if !<-back {
		t.Error("the former wire is not back when the supervisor has ended")
	}
	until(t, "another start", func() bool { return starts.Load() == 2 && runs() })
	comesBack(t, b)
}
