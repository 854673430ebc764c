package lease

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/sys/unix"
)

// asker counts what is asked and granted.
type asker struct {
	Client

	tell chan string
}

func (a *asker) Ask(ctx context.Context, q Question, held *Lease) (Lease, error) {
	l, err := a.Client.Ask(ctx, q, held)
	if err == nil {
		a.tell <- fmt.Sprintf("granted to question %d: %v", q, l.Address)
	}
	return l, err
}

// network is two namespaces with a cable: the box's and the server's.
//
//	box: eth0 ───── eth0 :server 192.0.2.1
type network struct{ box, server string }

func newNetwork(t *testing.T) network {
	t.Helper()
	n := network{fmt.Sprintf("lease-%d-box", os.Getpid()), fmt.Sprintf("lease-%d-server", os.Getpid())}
	t.Cleanup(func() {
		for _, ns := range []string{n.box, n.server} {
			if out, err := exec.CommandContext(context.Background(), "ip", "netns", "del", ns).CombinedOutput(); err != nil {
				t.Errorf("delete namespace: %v: %s", err, out)
			}
		}
	})
	ip(t, "netns", "add", n.box)
	ip(t, "netns", "add", n.server)
	ip(t, "-n", n.box, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", n.server)
	ip(t, "-n", n.box, "link", "set", "eth0", "up")
	ip(t, "-n", n.server, "link", "set", "eth0", "up")
	ip(t, "-n", n.server, "addr", "add", "192.0.2.1/24", "dev", "eth0")
	return n
}

func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(context.Background(), "ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// serve runs busybox's DHCP server on a range of addresses and returns what stops it.
func (n network) serve(t *testing.T, first, last string, seconds int) (stop func()) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "udhcpd.conf")
	text := fmt.Sprintf("start %s\nend %s\ninterface eth0\nlease_file %s/leases\npidfile %s/pid\noption subnet 255.255.255.0\noption router 192.0.2.1\noption dns 192.0.2.53\noption ntpsrv 192.0.2.123 192.0.2.124\noption lease %d\nmin_lease 1\n",
		first, last, dir, dir, seconds)
	if err := errors.Join(os.WriteFile(file, []byte(text), 0o644), os.WriteFile(dir+"/leases", nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), "ip", "netns", "exec", n.server, "busybox", "udhcpd", "-f", "-a", "50", file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(stop)
	return stop
}

// inside runs f on a thread in the namespace; the thread ends with f.
func inside(t *testing.T, ns string, f func()) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the runtime throws the thread away
		fd, err := unix.Open("/run/netns/"+ns, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = unix.Setns(fd, unix.CLONE_NEWNET)
			_ = unix.Close(fd)
		}
		if err == nil {
			f()
		}
		done <- err
	}()
	t.Cleanup(func() {
		if err := <-done; err != nil {
			t.Errorf("enter namespace: %v", err)
		}
	})
}

func TestLeaseFromARealServer(t *testing.T) {
	n := newNetwork(t)
	stop := n.serve(t, "192.0.2.20", "192.0.2.20", 3)
	events := make(chan string, 1000)
	// Really set, since the server answers a renewal to that address.
	set := func(ctx context.Context, l Lease) error {
		defer func() { events <- fmt.Sprintf("set %v via %v, names %v, time %v", l.Address, l.Gateway, l.DNS, l.NTP) }()
		if !l.Address.IsValid() {
			return exec.CommandContext(ctx, "ip", "-n", n.box, "addr", "flush", "dev", "eth0", "scope", "global").Run()
		}
		return exec.CommandContext(ctx, "ip", "-n", n.box, "addr", "replace", l.Address.String(), "dev", "eth0").Run()
	}
	flapped := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	inside(t, n.box, func() {
		Keep(ctx, &asker{Client: Interface{"eth0"}, tell: events}, flapped, set, slog.New(slog.DiscardHandler))
	})
	t.Cleanup(cancel)

	// Nothing is skipped: the order is what a server and RFC 2131 make it.
	expect(t, events, "granted to question 1: 192.0.2.20/24", "set invalid Prefix via invalid IP, names [], time []")
	expect(t, events, "set 192.0.2.20/24 via 192.0.2.1, names [192.0.2.53], time [192.0.2.123 192.0.2.124]", "")
	expect(t, events, "granted to question 2: 192.0.2.20/24", "")
	stop()
	expect(t, events, "set invalid Prefix via invalid IP, names [], time []", "granted to question")
	n.serve(t, "192.0.2.30", "192.0.2.30", 3600)
	flapped <- struct{}{} // else it is asked ever more seldom
	expect(t, events, "granted to question 1: 192.0.2.30/24", "")
	expect(t, events, "set 192.0.2.30/24 via 192.0.2.1, names [192.0.2.53], time [192.0.2.123 192.0.2.124]", "")
	flapped <- struct{}{}
	expect(t, events, "granted to question 4: 192.0.2.30/24", "")
}

// expect waits for an event and skips those that begin with skip.
func expect(t *testing.T, events <-chan string, want, skip string) {
	t.Helper()
	for {
		select {
		case got := <-events:
			if got == want {
				return
			}
			if skip == "" || !strings.HasPrefix(got, skip) {
				t.Fatalf("got %q, want %q", got, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("never %q", want)
		}
	}
}

// refusing is a server that says no, after a yes.
type refusing struct{ asked chan Question }

func (r refusing) Ask(_ context.Context, q Question, _ *Lease) (Lease, error) {
	r.asked <- q
	if q == Seek {
		return hour(), nil
	}
	return Lease{}, fmt.Errorf("ask: %w", ErrRefused)
}

func TestAddressThatIsRefusedOrNotSet(t *testing.T) {
	client := refusing{make(chan Question, 10)}
	set := make(chan netip.Prefix, 10)
	flapped := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		Keep(ctx, client, flapped, func(_ context.Context, l Lease) error { set <- l.Address; return nil }, slog.New(slog.DiscardHandler))
	})
	if q, p := <-client.asked, <-set; q != Seek || p != hour().Address {
		t.Errorf("asked %d, set %v", q, p)
	}
	flapped <- struct{}{}
	if q, p := <-client.asked, <-set; q != Reboot || p.IsValid() {
		t.Errorf("after a NAK to question %d the address is %v", q, p)
	}
	cancel()
	wg.Wait()
}

func TestLeaseOf(t *testing.T) {
	mask := dhcpv4.WithNetmask(net.CIDRMask(24, 32))
	lasts := func(d time.Duration) dhcpv4.Modifier { return dhcpv4.WithOption(dhcpv4.OptIPAddressLeaseTime(d)) }
	t1 := func(d time.Duration) dhcpv4.Modifier { return dhcpv4.WithOption(dhcpv4.OptRenewTimeValue(d)) }
	for name, c := range map[string]struct {
		with              []dhcpv4.Modifier
		renew, rebind, of time.Duration
		bad               string
	}{
		"defaults of RFC 2131": {with: []dhcpv4.Modifier{dhcpv4.WithYourIP(net.IPv4(192, 0, 2, 5)), mask, lasts(time.Hour)},
			renew: 30 * time.Minute, rebind: 52*time.Minute + 30*time.Second, of: time.Hour},
		"the server's own": {with: []dhcpv4.Modifier{dhcpv4.WithYourIP(net.IPv4(192, 0, 2, 5)), mask, lasts(time.Hour), t1(time.Minute)},
			renew: time.Minute, rebind: 52*time.Minute + 30*time.Second, of: time.Hour},
		"wrongly ordered": {with: []dhcpv4.Modifier{dhcpv4.WithYourIP(net.IPv4(192, 0, 2, 5)), mask, lasts(time.Hour), t1(2 * time.Hour)},
			renew: 30 * time.Minute, rebind: 52*time.Minute + 30*time.Second, of: time.Hour},
		"for ever":       {with: []dhcpv4.Modifier{dhcpv4.WithYourIP(net.IPv4(192, 0, 2, 5)), mask, lasts(forever)}},
		"no address":     {with: []dhcpv4.Modifier{mask, lasts(time.Hour)}, bad: "is none a host can have"},
		"loopback":       {with: []dhcpv4.Modifier{dhcpv4.WithYourIP(net.IPv4(127, 0, 0, 1)), mask, lasts(time.Hour)}, bad: "is none a host can have"},
		"no mask":        {with: []dhcpv4.Modifier{dhcpv4.WithYourIP(net.IPv4(192, 0, 2, 5)), lasts(time.Hour)}, bad: "subnet mask"},
		"no time at all": {with: []dhcpv4.Modifier{dhcpv4.WithYourIP(net.IPv4(192, 0, 2, 5)), mask}, bad: "no lease time"},
	} {
		t.Run(name, func(t *testing.T) {
			ack, err := dhcpv4.New(c.with...)
			if err != nil {
				t.Fatal(err)
			}
			l, err := leaseOf(ack)
			if c.bad != "" {
				if err == nil || !strings.Contains(err.Error(), c.bad) {
					t.Errorf("got %+v, %v; want %q", l, err, c.bad)
				}
				return
			}
			if err != nil || l.Renew != c.renew || l.Rebind != c.rebind || l.Time != c.of || l.Address.String() != "192.0.2.5/24" {
				t.Errorf("got %+v, %v", l, err)
			}
		})
	}
}
