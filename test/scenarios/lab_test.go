package scenarios

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"limpid/appliance/control"
	"limpid/test/lab"
	"limpid/test/scenarios/script"
)

// startTime is how long limpid may take to be inline; emulated machines are slow.
const startTime = 30 * time.Second

// TestInLab plays every scenario without settings of its own through `limpid
// supervise`, between namespaces.
func TestInLab(t *testing.T) { playInLab(t, script.Settings{NonHTTP: "tunnel"}) }

// TestInLabWithReset plays those that want no more than non_http="reset".
func TestInLabWithReset(t *testing.T) { playInLab(t, script.Settings{NonHTTP: "reset"}) }

// TestInLabWithSettings plays the others, those that agree through one limpid.
func TestInLabWithSettings(t *testing.T) {
	all, err := load()
	if err != nil {
		t.Fatal(err)
	}
	done := map[script.Settings]bool{{NonHTTP: "tunnel"}: true, {NonHTTP: "reset"}: true}
	for _, s := range all {
		if !done[s.Proxy] {
			done[s.Proxy] = true
			t.Run(s.Proxy.String(), func(t *testing.T) {
				t.Parallel()
				playInLab(t, s.Proxy)
			})
		}
	}
}

// playInLab plays the scenarios with these settings through one limpid.
func playInLab(t *testing.T, settings script.Settings) {
	r := newRig(t)
	limpid, err := r.lab.StartLimpid(t.Context(), fmt.Sprintf(`
[bridge]
ports = ["eth0", "eth1"]
[management]
address = "none"
[watchdog]
timeout = "10s" # a busy machine is nothing that scenarios are about
[proxy]
%s`, settings.TOML()))
	if err != nil {
		t.Fatal(err)
	}
	if err := limpid.WaitMode("inline", startTime); err != nil {
		t.Fatal(err)
	}
	if now, err := limpid.Status(t.Context()); err != nil || inVM() && (now.Capture != "broute" || now.Handshake != "mirror") {
		t.Fatalf("capture %q, handshake %q, %v: the virtual machine is there for broute and mirror", now.Capture, now.Handshake, err)
	}
	r.control = control.NewClient(limpid.RunDir)
	sum := sums{deadlines: map[string]float64{"head": 0, "body": 0, "idle": 0}}
	// Runs when all scenarios are over.
	t.Cleanup(func() {
		defer r.control.Close()
		if err := sum.check(limpid); err != nil && !t.Failed() {
			t.Error(err)
		}
	})
	each(t, func(s *script.Scenario) bool { return s.Proxy == settings }, func(t *testing.T, s *script.Scenario) {
		sum.add(s.Count)
		r.play(t, s)
	})
}

// sums are what limpid counts of all scenarios together.
type sums struct {
	mu              sync.Mutex
	requests, flows uint64
	deadlines       map[string]float64
}

func (s *sums) add(c script.Count) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flows++
	s.requests += c.Requests
	if c.Deadline != "" {
		s.deadlines[c.Deadline]++
	}
}

// check waits until limpid has counted that.
func (s *sums) check(p *lab.Limpid) error {
	err := p.WaitStatus(patience, fmt.Sprintf("%d requests on %d flows, all ended", s.requests, s.flows), func(now lab.Status) bool {
		return now.Requests == s.requests && now.Flows.Captured == s.flows && now.Flows.Active == 0
	})
	if err != nil {
		return err
	}
	// What a deadline has ended may be counted a moment after it has.
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		wrong, err := s.checkDeadlines(p)
		if err != nil || wrong == "" {
			return err
		}
		if time.Now().After(deadline) {
			return errors.New(wrong)
		}
	}
}

// checkDeadlines says which deadline passed how often too many or too few.
func (s *sums) checkDeadlines(p *lab.Limpid) (wrong string, err error) {
	metrics, err := p.Metrics(context.Background()) // that of the test has ended
	if err != nil {
		return "", err
	}
	for name, want := range s.deadlines {
		if got, ok := metrics[fmt.Sprintf("limpid_flows_timed_out_total{deadline=%q}", name)]; !ok || got != want {
			wrong = fmt.Sprintf("deadline %s passed %v times, want %v", name, got, want)
		}
	}
	return wrong, nil
}

// TestOverPlainBridge plays what limpid claims to be a wire for over one.
func TestOverPlainBridge(t *testing.T) {
	r := newRig(t)
	if _, err := r.lab.PlainBridge(); err != nil {
		t.Fatal(err)
	}
	each(t, likeAWire, r.play)
}

// rig is a lab with one server, which tells scenarios apart by their client's
// address.
type rig struct {
	lab     *lab.Lab
	control *control.Client // nil on a plain bridge

	mu      sync.Mutex
	addrs   []netip.Addr
	waiting map[netip.Addr]chan *net.TCPConn
}

// boxBuffers bounds the buffers of the box's own sockets (tcp(7)): least,
// default and largest, in bytes.
const boxBuffers = "4096 131072 524288"

// clients is how many scenarios a rig has addresses for.
const clients = 1000

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{lab: lab.New(t), waiting: map[netip.Addr]chan *net.TCPConn{}}
	r.addrs = r.lab.ClientAddrs(clients)
	// Small enough for a scenario to fill them.
	for _, key := range []string{"ipv4/tcp_rmem", "ipv4/tcp_wmem"} {
		if err := r.lab.Box.SetSysctl(key, boxBuffers); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.lab.S1.Serve(":80", r.serve); err != nil {
		t.Fatal(err)
	}
	return r
}

// serve hands the connection to the scenario that waits for it, and keeps it
// until that is over.
func (r *rig) serve(ctx context.Context, conn *net.TCPConn) {
	from, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return
	}
	r.mu.Lock()
	to := r.waiting[from.Addr().Unmap()]
	r.mu.Unlock()
	if to == nil {
		return
	}
	to <- conn
	select {
	case to <- nil: // taken when the scenario is over
	case <-ctx.Done():
	}
}

// play plays a scenario from a client of its own.
func (r *rig) play(t *testing.T, s *script.Scenario) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	client, server, hangUp := r.connect(ctx, t)
	// On a machine so busy that the server's answer comes later than the gate
	// waits, or a health check later than the watchdog does, a connection is
	// bridged, and so is its pair for a while. One that begins before the gate has
	// heard of the proxy is the gate's to the end.
	for r.control != nil && !r.relayed(ctx, client) {
		t.Log("bridged, or carried by the gate; trying again from another address")
		hangUp()
		client, server, hangUp = r.connect(ctx, t)
	}
	defer hangUp()
	ends := script.Ends{Client: client, Server: server, Cut: script.Whole(), Patience: patience}
	if r.control != nil {
		ends.Verdict = func(ctx context.Context) (verdict, reason string, err error) {
			return r.verdict(ctx, client.LocalAddr().String())
		}
	}
	if err := s.Play(t.Context(), ends); err != nil {
		t.Fatal(err)
	}
}

// connect makes a connection from an address that no other had. hangUp closes both ends.
func (r *rig) connect(ctx context.Context, t *testing.T) (client, server *net.TCPConn, hangUp func()) {
	t.Helper()
	r.mu.Lock()
	if len(r.addrs) == 0 {
		r.mu.Unlock()
		t.Fatal("no address is left: too many connections were bridged")
	}
	addr, arrived := r.addrs[0], make(chan *net.TCPConn)
	r.addrs = r.addrs[1:]
	r.waiting[addr] = arrived
	r.mu.Unlock()

	client, err := r.lab.C1.Dial(ctx, "tcp", addr.String(), "10.77.0.101:80")
	if err != nil {
		t.Fatal(err)
	}
	select {
	case server = <-arrived:
	case <-ctx.Done():
		_ = client.Close()
		t.Fatal("the connection did not reach the server")
	}
	return client, server, func() {
		_ = client.Close()
		<-arrived
	}
}

// relayed waits a moment for the proxy to know of the client's flow. Those that the gate
// carries have no verdict.
func (r *rig) relayed(ctx context.Context, client net.Conn) bool {
	for range 20 {
		if verdict, _, err := r.verdict(ctx, client.LocalAddr().String()); err == nil && verdict != "" {
			return true
		}
		time.Sleep(50 * time.Millisecond)
	}
	return false
}

// verdict asks limpid what it takes the client's flow for.
func (r *rig) verdict(ctx context.Context, client string) (verdict, reason string, err error) {
	list, err := r.control.Flows(ctx, clients)
	if err != nil {
		return "", "", err
	}
	for _, f := range list.Flows {
		if f.Client.String() == client {
			return f.Verdict, f.Reason, nil
		}
	}
	return "", "", errors.New("limpid knows of no such flow")
}
