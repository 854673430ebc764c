// Package lab builds a small network out of namespaces on the running kernel,
// in which `limpid supervise` is the inline box. It works alike on a
// developer's machine and inside a virtual machine, for tests, benchmarks and
// the demo.
//
//	c1 .11 ─┐                                                   ┌─ s1 10.77.0.101
//	c2 .12 ─┤                                                   │
//	c3 .13 ─┼─ lansw ── eth0 [ box ] eth1 ── wansw ─────────────┼─ r1 10.77.0.1 ── net0 10.80.0.1 ─┬─ s2 10.80.0.2
//	cr .9  ─┘                                                   │                                  └─ s3 10.80.0.3
//	│                                                           └─ r2 10.77.0.2 ── net0 10.81.0.1 ─── s2 10.81.0.2
//	└─ c4 10.78.0.2
//
// Everything is dual stack: 10.N.0.x goes with fdN::x, and a MAC can be read
// the same way (10.77.0.101 is 02:77:00:00:01:01). Clients reach 10.80/16 by
// r1, their default, and 10.81/16 by r2; c4 sits behind the client-side router
// cr. c1 also answers for 10.79/16 and fd79::/64, so that a test has as many
// client addresses as it wants. Behind r1, 10.80.255/24 is refused by ICMP and
// 10.80.254/24 swallows what it gets.
//
// lansw and wansw are plain switches in namespaces of their own: nothing in
// them is limpid's, so their ports towards the box are where a capture sees
// what really is on the wire. The box starts with two ports and no bridge.
//
// A test that looks at both ends of an exchange:
//
//	l := lab.New(t)
//	l.S2.HTTPOrigin(":80")
//	p, err := l.StartLimpid(t.Context(), config)
//	err = p.WaitMode("inline", 10*time.Second)
//	lan, err := l.LANSwitch.Capture("box", lab.TCP(80))
//	wan, err := l.WANSwitch.Capture("box", lab.TCP(80))
//	conn, err := l.C1.Dial(t.Context(), "tcp", "", "10.80.0.2:80")
//	n, err := lab.Get("/bytes/100000")(t.Context(), conn)
//	...
//	a, err := lan.Stop()
//	b, err := wan.Stop()
//	diff := lab.Diff(lab.Tuples(a), lab.Tuples(b)) // "" on a wire
//
// Three habits of it: a capture's Direction means the same at every place; a
// Capture, Server, Origin or Limpid ends with the lab if nobody ended it before;
// and where the kernel lacks something the error is an *UnsupportedError.
//
// With Options.Machine a virtual machine stands in the place of the box (Lab.Taps);
// the switches' ports towards it have the same names.
//
// `ip netns exec lp<pid>-c1 ...` enters a node by hand. Node.Command starts
// programs without it, see there.
//
// How it stays small: a node has one thread in its namespace (keeper.go), which
// opens its sockets and starts its programs. Nothing else has to be there, so
// Go's own dialer, HTTP server and os/exec do the rest from any goroutine.
//
// The package owns the namespaces named lp<pid>-*, the processes in them and
// one temporary directory; Close ends all three. It never touches the host's
// own interfaces, sysctls or rules, and has no state outside a Lab.
package lab
