package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// left lists the names, processes and directories that exist of a lab.
func left(t *testing.T, l *Lab) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(netnsDir, l.prefix+"*"))
	must(t, err)
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), l.prefix+"*"))
	must(t, err)
	spaces := map[nsID]bool{}
	for _, n := range l.nodes {
		spaces[n.id] = true
	}
	pids, err := processesIn(spaces)
	must(t, err)
	all := append(names, dirs...)
	for _, pid := range pids {
		all = append(all, fmt.Sprintf("process %d", pid))
	}
	return all
}

func TestCloseLeavesNothing(t *testing.T) {
	l, err := Build(t.Context(), Options{})
	must(t, err)
	defer l.Close()
	for _, n := range []*Node{l.C1, l.Box, l.S3} {
		must(t, n.Command(t.Context(), "sleep", "1000").Start())
	}
	daemon := l.S1.Command(t.Context(), "sh", "-c", "setsid sleep 1000 & setsid sleep 1000")
	daemon.SysProcAttr = nil
	must(t, daemon.Start())
	_, err = l.S1.HTTPOrigin(":80")
	must(t, err)
	_, err = l.LANSwitch.Capture("box")
	must(t, err)
	if got := len(left(t, l)); got < len(nodes())+1+4 {
		t.Fatalf("a lab with processes shows only %d traces: the check is blind", got)
	}
	must(t, l.Close())
	if traces := left(t, l); len(traces) > 0 {
		t.Errorf("left behind: %v", traces)
	}
	must(t, l.Close())
	if err := l.C1.Command(t.Context(), "true").Run(); !errors.Is(err, errKeeperGone) {
		t.Errorf("command in a closed lab: %v, want %v", err, errKeeperGone)
	}
}

func TestTwoLabsAtOnce(t *testing.T) {
	a, b := plain(t), plain(t)
	for _, l := range []*Lab{a, b} {
		_, err := l.S1.HTTPOrigin(":80")
		must(t, err)
	}
	if a.C1.Namespace() == b.C1.Namespace() {
		t.Fatalf("both labs are named %s", a.C1.Namespace())
	}
	must(t, a.Close())
	// The second is untouched by the end of the first.
	if got := clientSeen(t, b.C1, "10.77.0.101:80"); got.Addr() != b.C1.IP4() {
		t.Errorf("server saw %s, want %s", got, b.C1.IP4())
	}
}

func TestBuildAfterBrokenBuild(t *testing.T) {
	l := &Lab{nodes: map[string]*Node{}}
	specs := nodes()
	must(t, prepareNetnsDir())
	must(t, l.claim(specs[0].name))
	// A claimed name without a namespace, and one node, as when unshare fails.
	must(t, claimName(l.prefix+"box"))
	n, err := newNode(l, specs[0])
	must(t, err)
	l.nodes[specs[0].name] = n
	must(t, l.Close())
	if traces := left(t, l); len(traces) > 0 {
		t.Errorf("left behind: %v", traces)
	}
}

func TestPortsDown(t *testing.T) {
	l := NewWith(t, Options{PortsDown: true})
	for _, name := range []string{"eth0", "eth1"} {
		out, err := l.Box.Command(t.Context(), "cat", "/sys/class/net/"+name+"/flags").Output()
		must(t, err)
		var flags int
		if _, err := fmt.Sscanf(string(out), "0x%x", &flags); err != nil {
			t.Fatal(err)
		}
		if flags&unix.IFF_UP != 0 {
			t.Errorf("%s is up, flags %#x", name, flags)
		}
	}
	must(t, l.Box.SetUp("eth0"))
	carrier, err := l.LANSwitch.Command(t.Context(), "cat", "/sys/class/net/box/carrier").Output()
	must(t, err)
	if string(carrier) != "1\n" {
		t.Errorf("carrier of the switch's port is %q after the box's came up", carrier)
	}
	must(t, l.Box.SetDown("eth0"))
	carrier, err = l.LANSwitch.Command(t.Context(), "cat", "/sys/class/net/box/carrier").Output()
	must(t, err)
	if string(carrier) != "0\n" {
		t.Errorf("carrier of the switch's port is %q after the box's went down", carrier)
	}
}

func TestRequirementsNameThePackage(t *testing.T) {
	must(t, Requirements("ip"))
	t.Setenv("PATH", "")
	err := Requirements("ping", "nft")
	if want := "find ping, nft: not installed: apt-get install iputils-ping nftables"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
