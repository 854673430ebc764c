package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"limpid/test/lab"
	"limpid/test/vm"
)

// Bounds of what an emulated processor is asked for.
const (
	guestRounds = 3
	guestCrowd  = 8  // connections at once
	guestRate   = 20 // new connections a second
	// guestPatience is how long limpid's watchdog waits there: a host with other work stops the machine for longer than
	// the usual second.
	guestPatience = "20s"
)

// In the machine: where limpid lies, and what is left behind for the host.
const (
	guestLimpid  = "/usr/local/bin/limpid"
	guestSection = "section.md"
)

// guestSubjects are measured on a kernel that has NFT_QUEUE: the mirrored
// handshake beside the accepting one, and both beside HAProxy and the bridge.
func guestSubjects(p plan) []subject {
	p.crowd, p.rateNew = guestCrowd, guestRate
	loads := p.loads(keyNew, keyPacedNew)
	return []subject{
		{name: standard, title: "HAProxy", tools: []string{"haproxy"}, enter: haproxy(), loads: loads, family: familyHA},
		{name: ours, title: "limpid, accept", enter: enterLimpid("accept", guestPatience), loads: loads, family: familyOurs},
		{name: mirrored, title: "limpid, mirror", enter: enterLimpid("mirror", guestPatience), loads: loads, family: familyOurs},
		{name: bareWire, title: "no proxy: a plain bridge", enter: enterWire, loads: loads},
	}
}

// inGuest is the machine's own run: it writes the section alone.
func inGuest(ctx context.Context, rounds, seconds int, file string, progress io.Writer) error {
	p, err := planOf(rounds, seconds, "", "", guestSubjects)
	if err != nil {
		return err
	}
	if err := lab.Requirements("nginx", "nft", "ip", "haproxy"); err != nil {
		return err
	}
	r, failed := p.run(ctx, progress)
	if len(r.turns) == 0 {
		return failed
	}
	var text strings.Builder
	text.WriteString(r.handshakes().String())
	for _, note := range r.notes {
		text.WriteString("\n- Does not count: " + note + "\n")
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
		return fmt.Errorf("write the section: %w", err)
	}
	// What failed is told in the section, for what did not.
	return nil
}

// handshakes are ratios alone: the machine's own speed means nothing.
func (r *results) handshakes() table {
	return table{
		title: "The mirrored handshake",
		text: fmt.Sprintf("On a 6.12 kernel with NFT_QUEUE in a virtual machine whose processor is emulated (QEMU, TCG): everything takes many times "+
			"longer there, and each part by another factor, so only ratios within the machine are told, and these are rough. limpid connects "+
			"upstream before it answers the client (mirror), or answers at once (accept). New connections as above, but %d at once; "+
			"times are those at %d new connections/s. limpid's watchdog waits for %s there.", guestCrowd, guestRate, guestPatience),
		header: []string{"", "connections/s of the bridge's", "of HAProxy's", "CPU of HAProxy's", "p50 of the bridge's", "p95 of the bridge's", "stalled", "reset", "failed"},
		rows: r.rows(keyNew, func(s subject) []string {
			row := []string{
				r.ratio(s.name, keyNew, bareWire, requestRate).String(), r.ratio(s.name, keyNew, standard, requestRate).String(),
				r.ratio(s.name, keyNew, standard, microsPerRequest("")).String(),
				r.ratio(s.name, keyPacedNew, bareWire, at(0.5)).String(), r.ratio(s.name, keyPacedNew, bareWire, at(0.95)).String(),
			}
			return append(row, r.cells(s, keyNew, stalls, resets, failures)...)
		}),
	}
}

// virtual has the section made in a machine with rounds of seconds.
func virtual(ctx context.Context, rounds, seconds int, progress io.Writer) (section string, err error) {
	dir, err := os.MkdirTemp("", "limpid-bench-vm-")
	if err != nil {
		return "", fmt.Errorf("make a directory for the machine: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	program := filepath.Join(dir, "bench")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "limpid/test/bench")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the machine's program: %w: %s", err, lastLines(string(out)))
	}
	limpid, err := lab.Binary(ctx, dir)
	if err != nil {
		return "", err
	}
	result, err := vm.Run(ctx, vm.Spec{
		Programs: []string{"ip", "nft", "nginx", "haproxy", "sh"},
		Files:    map[string]string{guestLimpid: limpid},
		Env:      []string{lab.EnvBinary + "=" + guestLimpid},
		Memory:   2048,
		Binary:   program,
		Args:     []string{"-rounds", strconv.Itoa(rounds), "-seconds", strconv.Itoa(seconds), "-section", "/out/" + guestSection},
		OutDir:   dir,
		Output:   progress,
		Timeout:  15 * time.Minute,
	})
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(dir, guestSection))
	if result.Exit != 0 || err != nil {
		return "", fmt.Errorf("measure in the virtual machine: exit status %d: %s", result.Exit, lastLines(string(result.Output)))
	}
	return fmt.Sprintf("%s\n- Kernel in the machine: Linux %s; rounds: %d; a load lasts %d s\n", text, result.Kernel, rounds, seconds), nil
}
