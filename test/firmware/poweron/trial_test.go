package poweron

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Other ports are tried on a box, whose wire comes back when nobody confirms them and when their supervisor dies; once they
// are confirmed it is theirs, whoever dies. Never are there three.
func TestTrialOfOtherPorts(t *testing.T) {
	try := filepath.Join(t.TempDir(), "try")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", try, "./try")
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	d := newDisk(t, 120)
	d.putOnESP(t, try)
	var spare *Port
	m, ctx := switchOn(t, 2*bootLimit, func(_ context.Context, w world, dir string) Hardware {
		var err error
		if spare, err = newPort(dir, "spare"); err != nil {
			t.Fatal(err)
		}
		return Hardware{Kernel: w.kernel, Root: w.root, Append: "limpid.slot=a", Disk: d.nbd(), Args: []string{
			"-netdev", fmt.Sprintf("dgram,id=spare,local.type=unix,local.path=%s,remote.type=unix,remote.path=%s", spare.theirs, spare.ours),
			"-device", "virtio-net-pci,netdev=spare,mac=52:54:00:00:00:03,addr=0x9",
		}}
	})
	defer spare.Close()
	for _, port := range []*Port{m.LAN, m.WAN, spare} {
		go func() { // a card whose frames nobody takes complains
			for ctx.Err() == nil {
				_, _ = port.Receive(time.Second)
			}
		}()
	}
	if _, err := m.Expect(ctx, "INLINE since"); err != nil {
		t.Fatal(err)
	}
	const kill = "for p in /proc/[0-9]*; do if grep -q supervise $p/cmdline; then kill -9 ${p#/proc/}; fi; done 2>/dev/null; "
	keys(ctx, t, m,
		"s", "limpid# ",
		"has() { [ \"$(echo $(ls /sys/class/net/br0/brif 2>/dev/null))\" = \"$1\" ]; }; has 'eth0 eth1' && cp /boot/try /try && chmod 700 /try && echo rea''dy\n", "ready",
		"(while sleep 0.1; do set -- /sys/class/net/br0/brif/*; [ $# -gt 2 ] && touch /tmp/three; done) & echo loo''king\n", "looking",
		// Nobody confirms them.
		"/try eth0 eth2 && has 'eth0 eth2' && echo tri''ed\n", "tried",
		"until has 'eth0 eth1'; do sleep 1; done; until /init status | grep ^inline; do sleep 1; done; echo ba''ck\n", "back",
		// Their supervisor dies.
		"/try eth2 eth1 && has 'eth1 eth2' && echo tri''ed\n", "tried",
		kill+"until has 'eth0 eth1'; do sleep 1; done; until /init status | grep ^inline; do sleep 1; done; echo ba''ck\n", "back",
		// They are confirmed.
		"/try -keep eth2 eth1 && has 'eth1 eth2' && cat /sys/class/net/br0/ifindex > /tmp/made && echo ke''pt\n", "kept",
		kill+"until /init status | grep ^inline; do sleep 1; done; has 'eth1 eth2' && cmp /tmp/made /sys/class/net/br0/ifindex && echo sa''me\n", "same",
		"until grep -q '\"alarms\":\\[\\]' /run/limpid/box.json; do sleep 1; done; [ -e /tmp/three ] || echo ne''ver\n", "never",
	)
}
