package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"limpid/proxy/handover"
)

// footprint is what limpid holds, by name.
type footprint map[string]int

// Parts of a name.
const (
	sockets    = " sockets"
	pipes      = " pipes"
	others     = " other descriptors"
	goroutines = " goroutines"
	resident   = " RSS, KiB"
	tcpSockets = "TCP sockets of the box, "
)

// look measures once.
func (s *soak) look(ctx context.Context) (footprint, error) {
	out, err := s.limpid.Status(ctx)
	if err != nil {
		return nil, err
	}
	var more struct {
		Goroutines  int
		Gate, Proxy struct{ Goroutines int }
	}
	if err := json.Unmarshal(out.Raw, &more); err != nil {
		return nil, fmt.Errorf("read status: %w", err)
	}
	f := footprint{
		"flows active":            int(out.Flows.Active),
		"supervisor" + goroutines: more.Goroutines, "gate" + goroutines: more.Gate.Goroutines, "proxy" + goroutines: more.Proxy.Goroutines,
	}
	for name, pid := range map[string]int{"supervisor": s.limpid.PID(), "gate": out.Gate.PID, "proxy": out.Proxy.PID} {
		if err := f.process(name, pid); err != nil {
			return nil, err
		}
	}
	for _, table := range []string{"tcp", "tcp6"} {
		if err := f.sockets(fmt.Sprintf("/proc/%d/net/%s", s.limpid.PID(), table)); err != nil {
			return nil, err
		}
	}
	h, err := s.lab.FlowsHeld()
	if err != nil {
		return nil, err
	}
	f.held(h)
	return f, nil
}

// process counts descriptors by what they are, and reads the resident memory.
func (f footprint) process(name string, pid int) error {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	fds, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		return fmt.Errorf("look at %s: %w", name, err)
	}
	f[name+sockets], f[name+pipes], f[name+others] = 0, 0, 0
	for _, fd := range fds {
		switch what, err := os.Readlink(filepath.Join(dir, "fd", fd.Name())); {
		case err != nil: // closed meanwhile
		case strings.HasPrefix(what, "socket:"):
			f[name+sockets]++
		case strings.HasPrefix(what, "pipe:"):
			f[name+pipes]++
		default:
			f[name+others]++
		}
	}
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return fmt.Errorf("look at %s: %w", name, err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	if _, err := fmt.Sscan(rest, new(int)); err != nil {
		return fmt.Errorf("look at the memory of %s: %w", name, err)
	}
	var kib int
	_, _ = fmt.Sscan(rest, &kib)
	f[name+resident] = kib
	return nil
}

// sockets counts a namespace's TCP sockets that belong to flows: none that
// listens, none of the health checks, which are from loopback to loopback.
func (f footprint) sockets(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("look at sockets: %w", err)
	}
	defer file.Close()
	f[tcpSockets+"open"] += 0
	f[tcpSockets+"TIME_WAIT"] += 0
	lines := bufio.NewScanner(file)
	lines.Scan() // the titles
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || fields[3] == "0A" || isLoopback(fields[1]) && isLoopback(fields[2]) {
			continue
		}
		state := "open"
		if fields[3] == "06" {
			state = "TIME_WAIT"
		}
		f[tcpSockets+state]++
	}
	return lines.Err()
}

// isLoopback reads an address of /proc/net/tcp or tcp6: words in host order.
func isLoopback(address string) bool {
	host, _, _ := strings.Cut(address, ":")
	return strings.HasSuffix(host, "7F") && len(host) == 8 || host == "00000000000000000000000001000000" ||
		strings.HasPrefix(host, "0000000000000000FFFF0000") && strings.HasSuffix(host, "7F")
}

// busy lists what tells that the last flows have not gone yet. A thorough look
// also waits for what the kernel keeps for a minute or two by design.
func (f footprint) busy(thorough bool) []string {
	names := []string{"flows active", tcpSockets + "open", slots, serverLegs}
	if thorough {
		names = append(names, tcpSockets+"TIME_WAIT", overLegs, notes)
	}
	var list []string
	for _, name := range names {
		if f[name] != 0 {
			list = append(list, fmt.Sprintf("%d %s", f[name], name))
		}
	}
	return list
}

// settle waits until nothing of the flows is left.
func (s *soak) settle(ctx context.Context, thorough bool) error {
	// A slot may be left for as long as a half-open one has (interceptor, OpeningTimeout).
	patience := max(s.patience+30*time.Second, 2*time.Minute)
	if thorough {
		patience += 2 * time.Minute
	}
	for deadline := time.Now().Add(patience); ; {
		f, err := s.look(ctx)
		if err != nil {
			return err
		}
		busy := f.busy(thorough)
		if len(busy) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("LEAK: %v after the last connection was closed there are: %s", patience, strings.Join(append(busy, s.left()...), ", "))
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// looks are how often limpid is measured, at least and at most: what health
// checks, its own timers and the questions themselves need comes and goes.
const (
	looks     = 20
	mostLooks = 300
)

// rest measures limpid once nothing of the flows is left. Where the least is
// more than before, it is measured for longer; what stays is an error.
func (s *soak) rest(ctx context.Context, thorough bool, before footprint) (footprint, error) {
	if err := s.settle(ctx, thorough); err != nil {
		return nil, err
	}
	var seen []footprint
	for {
		if len(seen) >= looks {
			more := grown(before, ranked(seen, 0))
			if before == nil || len(more) == 0 {
				return ranked(seen, len(seen)/2), nil
			}
			if len(seen) >= mostLooks {
				return ranked(seen, len(seen)/2), fmt.Errorf("LEAK: %s", strings.Join(more, "; "))
			}
		}
		f, err := s.look(ctx)
		if err != nil {
			return nil, err
		}
		seen = append(seen, f)
		time.Sleep(70 * time.Millisecond)
	}
}

// ranked is what stands at that place where the looks at each thing are sorted:
// 0 for the least, half of them for what is usual.
func ranked(seen []footprint, place int) footprint {
	out := footprint{}
	for name := range seen[0] {
		var list []int
		for _, f := range seen {
			list = append(list, f[name])
		}
		slices.Sort(list)
		out[name] = list[place]
	}
	return out
}

// Bounds of what may be more afterwards than before.
const (
	// pooledPipes is how many ends of pipes the pools of gate and proxy may keep:
	// 64 pipes for each event loop (proxy/leg).
	pooledPipes = 128
	// heldSockets is how many sockets of the gate's supply an event loop of the
	// proxy may hold before it uses them, of both families; ownSockets is for its
	// link, queues and listeners.
	heldSockets = 2 * handover.SupplyBatch
	ownSockets  = 8
	// spareMemory is for what the Go runtime has not given back yet, beside a
	// quarter of what there was, in KiB.
	spareMemory = 16 << 10
)

// grown lists what is more than before, beyond the bounds.
func grown(before, after footprint) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(after)) {
		most := before[name]
		switch {
		case strings.HasSuffix(name, pipes):
			most = max(most, pooledPipes*runtime.NumCPU()+2)
		case name == "proxy"+sockets:
			most = max(most, heldSockets*runtime.NumCPU()+ownSockets)
		case strings.HasSuffix(name, resident):
			most += most/4 + spareMemory
		case name == slots, name == serverLegs, name == overLegs, name == notes, strings.HasPrefix(name, tcpSockets):
			continue // settle has seen to these
		}
		if after[name] > most {
			list = append(list, fmt.Sprintf("%s: %d before, %d after", name, before[name], after[name]))
		}
	}
	return list
}
