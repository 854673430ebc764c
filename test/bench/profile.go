package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"limpid/test/lab"
)

// profileDir is where the profiles' data stays, for perf-report(1).
const profileDir = "out/profile"

// How much of a profile is told.
const (
	topCalls     = 6
	topFunctions = 10
	leastShare   = 0.5 // percent
	leastSamples = 50  // with fewer a share is chance
)

// profile is where the CPU time of one process went in one load.
type profile struct {
	part, load string
	samples    int
	own        float64 // percent in the program itself, not in the kernel
	calls      []cost  // by system call, with all that it does
	functions  []cost  // by function, without what it calls
}

// cost is a share of all samples, in percent.
type cost struct {
	name  string
	share float64
}

// profiled says which of limpid's processes a profile can be of.
func profiled(flag string) ([]string, error) {
	if flag == "" {
		return nil, nil
	}
	parts := strings.Split(flag, ",")
	for _, part := range parts {
		if part != partProxy && part != partGate {
			return nil, fmt.Errorf("plan -profile: no %q: there are %s, %s", part, partProxy, partGate)
		}
	}
	return parts, nil
}

// profile runs limpid's loads once more, each with perf(1) looking on: what
// that costs is in no table.
func (p plan) profile(ctx context.Context, files *bodies, parts []string, dir string) (list []profile, err error) {
	s, ok := p.subject(ours)
	if !ok {
		return nil, errors.New("profile limpid: -only leaves it out")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the profiles' directory: %w", err)
	}
	s.loads = slices.DeleteFunc(slices.Clone(s.loads), func(l load) bool {
		return !slices.Contains([]string{keyKeepAlive, keyNew, keyBulk}, l.key)
	})
	var in inline
	begin := s.enter
	s.enter = func(ctx context.Context, at *lab.Lab, threads int) (i inline, err error) {
		in, err = begin(ctx, at, threads)
		return in, err
	}
	for i := range s.loads {
		ld, run := s.loads[i], s.loads[i].run
		s.loads[i].run = func(ctx context.Context, at site) (work, error) {
			all, err := in.processes(ctx)
			if err != nil {
				return work{}, err
			}
			var done work
			taken, err := record(ctx, filepath.Join(dir, ld.key), pick(all, parts), func() error {
				done, err = run(ctx, at)
				return err
			})
			list = append(list, taken...)
			return done, err
		}
	}
	_, err = measure(ctx, s, files)
	return list, err
}

// pick keeps the processes that play some parts.
func pick(all map[int]string, parts []string) map[int]string {
	kept := maps.Clone(all)
	maps.DeleteFunc(kept, func(_ int, part string) bool { return !slices.Contains(parts, part) })
	return kept
}

// record has perf sample processes while f runs, and reads what it saw. The
// program is still there then: its symbols are read from it.
func record(ctx context.Context, stem string, pids map[int]string, f func() error) (list []profile, err error) {
	var stops []func() error
	for pid, part := range pids {
		stop, err := sample(ctx, pid, stem+"-"+part+".data")
		if err != nil {
			return nil, errors.Join(err, endAll(stops))
		}
		stops = append(stops, stop)
	}
	err = f()
	if err := errors.Join(err, endAll(stops)); err != nil {
		return nil, err
	}
	for _, part := range slices.Sorted(maps.Values(pids)) {
		p, err := readProfile(ctx, stem+"-"+part+".data")
		if err != nil {
			return nil, err
		}
		p.part, p.load = part, filepath.Base(stem)
		// Who slept all the time has no profile.
		if p.samples > 0 {
			list = append(list, p)
		}
	}
	return list, nil
}

func endAll(stops []func() error) (err error) {
	for _, stop := range stops {
		err = errors.Join(err, stop())
	}
	return err
}

// sample starts perf on one process, a thousand times a second of its CPU time,
// and returns when it has begun.
func sample(ctx context.Context, pid int, file string) (stop func() error, err error) {
	// Two pipes: perf waits for "enable" on the one and says "ack" on the other. Without it nobody knows when it has begun.
	order, orders, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("run perf: %w", err)
	}
	defer order.Close()
	answers, ack, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("run perf: %w", err), orders.Close())
	}
	// cpu-clock is a timer: virtual machines seldom have the processor's counters. Nothing goes to the build-id cache (-N),
	// which is the user's.
	cmd := exec.CommandContext(ctx, "perf", "record", "-N", "-q", "-e", "cpu-clock", "-F", "999", "-g",
		"-D", "-1", "--control", "fd:3,4", "-p", strconv.Itoa(pid), "-o", file)
	var stderr bytes.Buffer
	cmd.Stderr, cmd.ExtraFiles = &stderr, []*os.File{order, ack}
	// Ours stay open as long as it runs: it takes their end for a failure.
	quit := func() error { return errors.Join(orders.Close(), answers.Close()) }
	if err := errors.Join(cmd.Start(), ack.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("run perf: %w", err), quit())
	}
	stop = func() error {
		defer quit()
		if err := cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("end perf: %w", err)
		}
		// An interrupt is how it is ended, and what it then ends with.
		err := cmd.Wait()
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signal() == syscall.SIGINT {
				err = nil
			}
		}
		if err != nil {
			return fmt.Errorf("run perf: %w: %s", err, lastLines(stderr.String()))
		}
		return nil
	}
	_, err = orders.WriteString("enable\n")
	if err == nil {
		err = answers.SetReadDeadline(time.Now().Add(20 * time.Second))
	}
	if err == nil {
		// Its end, should it end, is read here too.
		_, err = answers.Read(make([]byte, 16))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("wait for perf to begin: %w", err), stop())
	}
	return stop, nil
}

// readProfile asks perf for the shares of a file.
func readProfile(ctx context.Context, file string) (p profile, err error) {
	flat, err := perfReport(ctx, file, "--no-children", "-F", "overhead,sample,dso,symbol")
	if err != nil {
		return p, err
	}
	deep, err := perfReport(ctx, file, "--children", "-F", "overhead_children,dso,symbol")
	if err != nil {
		return p, err
	}
	p.flat(flat)
	p.calls = callsOf(deep)
	return p, nil
}

// perfReport is a table with bars between its columns.
func perfReport(ctx context.Context, file string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "perf", append([]string{"report", "-i", file, "--stdio", "-q", "-g", "none", "-t", "|"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("run perf report: %w: %s", err, lastLines(stderr.String()))
	}
	return string(out), nil
}

// flat reads lines of share, samples, object and symbol.
func (p *profile) flat(table string) {
	for line := range strings.Lines(table) {
		fields := strings.Split(strings.TrimSpace(line), "|")
		if len(fields) != 4 {
			continue
		}
		share, name, ok := reading(fields[0], fields[3])
		samples, err := strconv.Atoi(strings.TrimSpace(fields[1]))
		if !ok || err != nil {
			continue
		}
		p.samples += samples
		if !strings.HasPrefix(strings.TrimSpace(fields[3]), "[k]") {
			p.own += share
		}
		if len(p.functions) < topFunctions && share >= leastShare {
			p.functions = append(p.functions, cost{name, share})
		}
	}
}

// callsOf keeps the system calls' entries among lines of share, object and
// symbol. Each has one function that is named for it (syscall_wrapper.h).
func callsOf(table string) (calls []cost) {
	for line := range strings.Lines(table) {
		fields := strings.Split(strings.TrimSpace(line), "|")
		if len(fields) != 3 {
			continue
		}
		share, name, ok := reading(fields[0], fields[2])
		if !ok || share < leastShare || len(calls) == topCalls {
			continue
		}
		for _, prefix := range []string{"__x64_sys_", "__arm64_sys_"} {
			if call, found := strings.CutPrefix(name, prefix); found {
				calls = append(calls, cost{call, share})
			}
		}
	}
	return calls
}

// reading is a share and the symbol behind "[k]" or "[.]".
func reading(percent, symbol string) (share float64, name string, ok bool) {
	share, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(percent), "%"), 64)
	_, name, found := strings.Cut(strings.TrimSpace(symbol), "] ")
	return share, strings.TrimSpace(name), err == nil && found
}

// profilesSection is what the profiles say, in Markdown.
func profilesSection(list []profile) string {
	var b strings.Builder
	b.WriteString("## Profiles of what remains\n\n")
	b.WriteString(wrap("Where limpid's processes spent their CPU time, in percent of each process's samples (perf, cpu-clock, in a run of its own). " +
		"A system call holds all that it does, also the packets that it sends and the kernel then receives in its name; functions stand alone."))
	for _, p := range list {
		fmt.Fprintf(&b, "\n**%s, %s** (%d samples)\n\n", p.part, p.load, p.samples)
		if p.samples < leastSamples {
			b.WriteString("- it slept nearly all the time: too few samples to say more\n")
			continue
		}
		for _, line := range []string{
			fmt.Sprintf("- limpid's own code: %s; kernel: %s", number(p.own), number(max(0, 100-p.own))),
			"- system calls: " + shares(p.calls, ""),
			"- functions: " + shares(p.functions, "`"),
		} {
			b.WriteString(strings.ReplaceAll(strings.TrimSuffix(wrap(line), "\n"), "\n", "\n  ") + "\n")
		}
	}
	return b.String()
}

func shares(list []cost, quote string) string {
	var parts []string
	for _, c := range list {
		parts = append(parts, quote+c.name+quote+" "+number(c.share))
	}
	if len(parts) == 0 {
		return "none above " + number(leastShare)
	}
	return strings.Join(parts, ", ")
}
