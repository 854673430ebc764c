package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"limpid/test/lab"
)

// managed is a configuration with an address, and so a page, on the bridge.
const managed = `
[bridge]
ports = ["eth0", "eth1"]
[management]
address = "10.77.0.50/16"
`

const boxAddress = "10.77.0.50"

// recording is a `limpid capture` that runs.
type recording struct {
	*lab.Cmd
	path string
	said *syncBuffer
}

// record starts one, and returns when it hears.
func record(t *testing.T, l *lab.Lab, p *lab.Limpid, args ...string) *recording {
	t.Helper()
	r := &recording{path: filepath.Join(t.TempDir(), "wire.pcapng"), said: &syncBuffer{}}
	r.Cmd = l.Box.Command(t.Context(), p.Path, append([]string{"capture", "-o", r.path, "--run", p.RunDir}, args...)...)
	r.Stdout, r.Stderr = r.said, r.said
	must(t, r.Start())
	eventually(t, "limpid capture hears", func() bool { return strings.Contains(r.said.String(), "recording for") })
	return r
}

// interrupt ends it as Ctrl-C does.
func (r *recording) interrupt(t *testing.T) {
	t.Helper()
	must(t, r.Process.Signal(syscall.SIGINT))
	r.wait(t)
}

func (r *recording) wait(t *testing.T) {
	t.Helper()
	if err := r.Wait(); err != nil {
		t.Fatalf("limpid capture: %v: %s", err, r.said)
	}
}

// TestPacketCaptureHasBothSides records while clients talk to a server and to the
// box's own page: of each flow all that crossed both ports is there, of the page nothing.
func TestPacketCaptureHasBothSides(t *testing.T) {
	l, p := inline(t, managed)
	origin(t, l.S1)
	origin(t, l.S2)
	before := status(t, p)
	load := lab.Load{Rate: 20, Timeout: startTime, Do: lab.Get("/bytes/20000"),
		Dial: func(ctx context.Context) (*net.TCPConn, error) { return l.C2.Dial(ctx, "tcp", "", "10.80.0.2:80") },
	}.Start(t.Context())
	witness, err := l.LANSwitch.Capture("box", lab.Host(netip.MustParseAddr(boxAddress)))
	must(t, err)

	r := record(t, l, p, "--for", "5m", "--size", "64MiB")
	var flows []*net.TCPConn
	const size = 300_000
	for _, to := range []string{"10.77.0.101:80", net.JoinHostPort(l.S1.IP6().String(), "80")} {
		conn := dial(t, l.C1, to)
		get(t, conn, size)
		must(t, conn.Close())
		flows = append(flows, conn)
	}
	page := dial(t, l.C1, boxAddress+":443")
	_, err = io.WriteString(page, "no TLS\r\n\r\n")
	must(t, err)
	_, err = io.Copy(io.Discard, page)
	must(t, err)
	must(t, witness.WaitFor(t.Context(), func(frames []lab.Frame) bool { return len(frames) > 8 }))
	r.interrupt(t)

	report := load.Stop()
	after := status(t, p)
	if report.Count() == 0 || report.Failures() != 0 {
		t.Errorf("clients have noticed: %v", report)
	}
	if after.Mode != "inline" || !after.Since.Equal(before.Since) || after.Proxy != before.Proxy || after.Gate != before.Gate {
		t.Errorf("before %s\nafter %s", before.Raw, after.Raw)
	}
	if info, err := os.Stat(r.path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
	if !strings.Contains(r.said.String(), "ended by order") || strings.Contains(r.said.String(), "too fast") {
		t.Errorf("limpid capture said %s", r.said)
	}
	frames := recorded(t, r.path)
	for _, conn := range flows {
		sides(t, frames, conn, size, l)
	}
	var known struct {
		Wire struct {
			Bridge struct{ MAC string }
		}
	}
	must(t, json.Unmarshal([]byte(after.Raw), &known))
	mac := known.Wire.Bridge.MAC
	if mac == "" {
		t.Fatal("the bridge has no MAC")
	}
	for _, f := range frames {
		if f.fromMAC == mac || f.toMAC == mac || f.from.Addr().String() == boxAddress || f.to.Addr().String() == boxAddress {
			t.Fatalf("a frame of the box itself was recorded: %+v", f)
		}
	}
}

// sides holds a flow on both ports to what its ends know of it.
func sides(t *testing.T, frames []crossed, conn *net.TCPConn, size int, l *lab.Lab) {
	t.Helper()
	client, server := endpointOf(conn.LocalAddr()), endpointOf(conn.RemoteAddr())
	c, err := l.C1.Interface("eth0")
	must(t, err)
	s, err := l.S1.Interface("eth0")
	must(t, err)
	const syn, synACK = "0x0002", "0x0012"
	for _, port := range []string{"client", "server"} {
		var syns, answers, body int
		for _, f := range frames {
			switch {
			case f.port != port:
			case f.from == client && f.to == server:
				if f.fromMAC != c.MAC.String() || f.toMAC != s.MAC.String() {
					t.Fatalf("%s port: MACs of %+v, want %v to %v", port, f, c.MAC, s.MAC)
				}
				if strings.HasSuffix(f.flags, syn) {
					syns++
				}
			case f.from == server && f.to == client:
				if f.fromMAC != s.MAC.String() || f.toMAC != c.MAC.String() {
					t.Fatalf("%s port: MACs of %+v, want %v to %v", port, f, s.MAC, c.MAC)
				}
				if strings.HasSuffix(f.flags, synACK) {
					answers++
				}
				body += f.payload
			}
		}
		if syns == 0 || answers == 0 || body < size {
			t.Errorf("%s port, %v to %v: %d SYN, %d SYN-ACK, %d bytes of %d, in %d frames", port, client, server, syns, answers, body, size, len(frames))
		}
	}
}

func endpointOf(a net.Addr) netip.AddrPort { return netip.MustParseAddrPort(a.String()) }

// TestPacketCaptureIsChosen records one port, one host and one TCP port of all that crosses.
func TestPacketCaptureIsChosen(t *testing.T) {
	l, p := inline(t, managed)
	origin(t, l.S1)
	_, err := l.S1.HTTPOrigin(":8000")
	must(t, err)
	r := record(t, l, p, "--side", "server", "--host", l.C1.IP4().String(), "--port", "80")
	for _, from := range []*lab.Node{l.C1, l.C2} {
		for _, to := range []string{"10.77.0.101:80", "10.77.0.101:8000"} {
			conn := dial(t, from, to)
			get(t, conn, 1000)
			must(t, conn.Close())
		}
	}
	r.interrupt(t)
	frames := recorded(t, r.path)
	if len(frames) < 8 {
		t.Errorf("only %d frames: %s", len(frames), r.said)
	}
	for _, f := range frames {
		if f.port != "server" || f.from.Addr() != l.C1.IP4() && f.to.Addr() != l.C1.IP4() || f.from.Port() != 80 && f.to.Port() != 80 {
			t.Errorf("nobody asked for %+v", f)
		}
	}
}

// TestPacketCaptureEnds ends captures by their size, by their time, and since nobody
// reads them any longer; while one goes on, another is refused.
func TestPacketCaptureEnds(t *testing.T) {
	l, p := inline(t, managed)
	origin(t, l.S1)
	t.Run("by size", func(t *testing.T) {
		r := record(t, l, p, "--size", "20KiB", "--for", "10m")
		conn := dial(t, l.C1, "10.77.0.101:80")
		get(t, conn, 1_000_000)
		r.wait(t)
		info, err := os.Stat(r.path)
		must(t, err)
		if n := len(recorded(t, r.path)); info.Size() > 20<<10 || n == 0 || !strings.Contains(r.said.String(), "ended by its size") {
			t.Errorf("%d bytes, %d frames: %s", info.Size(), n, r.said)
		}
	})
	t.Run("by time", func(t *testing.T) {
		r := record(t, l, p, "--for", "1s")
		r.wait(t)
		recorded(t, r.path)
		if !strings.Contains(r.said.String(), "ended by its time") {
			t.Errorf("it said %s", r.said)
		}
	})
	t.Run("one at a time", func(t *testing.T) {
		r := record(t, l, p, "--for", "10m")
		kept := filepath.Join(t.TempDir(), "kept")
		must(t, os.WriteFile(kept, []byte("of before"), 0o600))
		_, err := p.Run(t.Context(), "capture", "-o", kept)
		if err == nil || !strings.Contains(err.Error(), "there is one already, begun by the command line, for another ") {
			t.Errorf("a second one: %v", err)
		}
		if text, err := os.ReadFile(kept); err != nil || string(text) != "of before" {
			t.Errorf("the file of one that was refused: %q, %v", text, err)
		}
		r.interrupt(t)
	})
	t.Run("nobody reads", func(t *testing.T) {
		cmd := l.Box.Command(t.Context(), p.Path, "capture", "--for", "10m", "--run", p.RunDir)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		_, err = io.ReadFull(out, make([]byte, 100))
		must(t, err)
		must(t, out.Close())
		conn := dial(t, l.C1, "10.77.0.101:80")
		get(t, conn, 1000)
		if err := cmd.Wait(); err != nil {
			t.Errorf("limpid capture: %v", err)
		}
		record(t, l, p).interrupt(t) // there is room for the next
	})
}

// TestPacketCaptureKeepsTags records frames in VLANs, of which the kernel takes the tag
// out before anybody sees them.
func TestPacketCaptureKeepsTags(t *testing.T) {
	if !inVM() {
		t.Skip(noQueue)
	}
	l := lab.New(t)
	for _, id := range []uint16{42, 43} {
		must(t, l.C1.AddVLAN("eth0", id, netip.MustParsePrefix(fmt.Sprintf("10.%d.0.1/24", id))))
		must(t, l.S1.AddVLAN("eth0", id, netip.MustParsePrefix(fmt.Sprintf("10.%d.0.2/24", id))))
	}
	p, err := l.StartLimpid(t.Context(), "[bridge]\nports = [\"eth0\", \"eth1\"]\nvlans = [42]\n[management]\naddress = \"none\"\n")
	must(t, err)
	must(t, p.WaitMode("inline", startTime))
	origin(t, l.S1)
	talk := func() {
		for _, to := range []string{"10.42.0.2:80", "10.43.0.2:80", "10.77.0.101:80"} {
			conn := dial(t, l.C1, to)
			get(t, conn, 1000)
			must(t, conn.Close())
		}
	}
	all := record(t, l, p)
	talk()
	all.interrupt(t)
	seen := make(map[string]int)
	for _, f := range recorded(t, all.path) {
		if f.from.Port() == 80 || f.to.Port() == 80 {
			seen[f.port+" "+f.from.Addr().String()+" "+f.tag]++
		}
	}
	for _, port := range []string{"client", "server"} {
		for _, want := range []string{"10.42.0.1 42", "10.42.0.2 42", "10.43.0.1 43", "10.43.0.2 43", l.C1.IP4().String() + " ", "10.77.0.101 "} {
			if seen[port+" "+want] < 3 {
				t.Errorf("%s port: %d frames from %q, of %v", port, seen[port+" "+want], want, seen)
			}
			delete(seen, port+" "+want)
		}
	}
	if len(seen) != 0 {
		t.Errorf("frames with tags that nobody sent: %v", seen)
	}
	one := record(t, l, p, "--vlan", "42", "--port", "80")
	talk()
	one.interrupt(t)
	frames := recorded(t, one.path)
	if len(frames) < 12 {
		t.Errorf("%d frames", len(frames))
	}
	for _, f := range frames {
		if f.tag != "42" {
			t.Errorf("nobody asked for %+v", f)
		}
	}
}

// TestPacketCaptureProcess looks at the process that records as the kernel sees it,
// stops and kills it: the capture says so, and nobody else notices.
func TestPacketCaptureProcess(t *testing.T) {
	l, p := inline(t, managed)
	origin(t, l.S1)
	before := status(t, p)
	r := record(t, l, p, "--for", "10m")
	pid := recorderOf(t, p)
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	must(t, err)
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	must(t, err)
	words := strings.Join(strings.Fields(string(text)+string(limits)), " ")
	for _, want := range []string{
		"Uid: 64104 64104 64104 64104", "Gid: 64104 64104 64104 64104", "Groups: NStgid", "NoNewPrivs: 1",
		"CapInh: 0000000000000000 CapPrm: 0000000000000000 CapEff: 0000000000000000", "CapAmb: 0000000000000000",
		"Max open files 16 16", "Max file size 16777216 16777216", "Max core file size 0 0",
	} {
		if !strings.Contains(words, want) {
			t.Errorf("%q is not in %s", want, words)
		}
	}
	eventually(t, "the file has begun", func() bool {
		info, err := os.Stat(r.path)
		return err == nil && info.Size() > 0
	})
	must(t, syscall.Kill(pid, syscall.SIGSTOP))
	conn := dial(t, l.C1, "10.77.0.101:80")
	get(t, conn, 1_000_000)
	must(t, syscall.Kill(pid, syscall.SIGKILL))
	if err := r.Wait(); err == nil || !strings.Contains(r.said.String(), "the process that records was ended by SIGKILL") {
		t.Errorf("limpid capture: %v: %s", err, r.said)
	}
	recorded(t, r.path)
	after := status(t, p)
	if after.Mode != "inline" || !after.Since.Equal(before.Since) || after.Proxy != before.Proxy || after.Gate != before.Gate {
		t.Errorf("before %s\nafter %s", before.Raw, after.Raw)
	}
}

// TestPacketCaptureTellsWhatItHasLost stops the process that records for longer than
// the kernel can hold frames for it: the flow goes on, and the capture tells of its hole.
func TestPacketCaptureTellsWhatItHasLost(t *testing.T) {
	l, p := inline(t, managed)
	origin(t, l.S1)
	r := record(t, l, p, "--for", "10m", "--size", "64MiB")
	pid := recorderOf(t, p)
	must(t, syscall.Kill(pid, syscall.SIGSTOP))
	conn := dial(t, l.C1, "10.77.0.101:80")
	get(t, conn, 40_000_000)
	must(t, syscall.Kill(pid, syscall.SIGCONT))
	r.interrupt(t)
	if !strings.Contains(r.said.String(), "more came too fast") {
		t.Errorf("limpid capture said %s", r.said)
	}
	if len(recorded(t, r.path)) == 0 {
		t.Error("nothing was recorded")
	}
}

// recorderOf finds the process that records among the supervisor's children.
func recorderOf(t *testing.T, p *lab.Limpid) (pid int) {
	t.Helper()
	eventually(t, "there is a process that records", func() bool {
		lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.PID()))
		must(t, err)
		for _, list := range lists {
			text, _ := os.ReadFile(list)
			for field := range strings.FieldsSeq(string(text)) {
				line, _ := os.ReadFile("/proc/" + field + "/cmdline")
				status, _ := os.ReadFile("/proc/" + field + "/status")
				if bytes.HasSuffix(bytes.TrimRight(line, "\x00"), []byte("packets")) && bytes.Contains(status, []byte("NoNewPrivs:\t1")) {
					pid, _ = strconv.Atoi(field)
					return true
				}
			}
		}
		return false
	})
	return pid
}
