package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"slices"
	"strings"
	"time"

	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/appliance/doctor"
	"limpid/appliance/supervise"
	"limpid/bridge"
	"limpid/interceptor"
)

func doctorCommand() command {
	return command{name: "doctor", usage: "[--json] [--evidence] | flow CLIENT SERVER[:PORT] | --ladder [client=ADDR] [server=ADDR[:PORT]]", summary: "Go through the operator's checklist, or say why a connection is (not) captured",
		help: `
  --json      as the control API gives it
  --evidence  what was read, also where all is well
  --run DIR   run directory of the supervisor (` + defaultRunDir + `)
  -c FILE     the configuration, for when the supervisor does not answer (` + defaultConfig + `)

Exits with 1 when a check fails; a check that only warns is no failure. Changes nothing. When the supervisor does
not answer, that is one failure, and what needs no supervisor is looked at all the same (as root).

limpid doctor flow 192.0.2.7 198.51.100.1:80 says whether a new connection between the two is captured, and why.

limpid doctor --ladder waits for the next connection of a client, or of anybody, and draws its frames as they were seen at
the clients' port, between bridge and box, and at the servers' port. --for D says how long it waits, 1s to 60s (10s);
with --evidence each frame's MACs, addresses and TTL at each place stand below it.`,
		run: doctorMain}
}

// doctorFlags are what both questions take.
type doctorFlags struct {
	json, evidence bool
	dir, config    string
}

func doctorMain(ctx context.Context, t terminal, args []string) error {
	set := newFlags("doctor")
	asJSON, evidence := set.Bool("json", false, ""), set.Bool("evidence", false, "")
	dir, path := runFlag(set), configFlag(set)
	drawn, wait := set.Bool("ladder", false, ""), set.Duration("for", control.DefaultLadderTime, "")
	if asksLadder(args) {
		return ladderMain(ctx, t, set, args, func() ladderFlags { return ladderFlags{doctorFlags{*asJSON, *evidence, *dir, *path}, *drawn, *wait} })
	}
	names := []string{}
	if slices.Contains(args, "flow") {
		names = []string{"flow", "CLIENT", "SERVER"}
	}
	rest, err := parse(set, args, names...)
	if err != nil {
		return err
	}
	flags := doctorFlags{*asJSON, *evidence, *dir, *path}
	client := control.NewClient(*dir)
	defer client.Close()
	if len(rest) > 0 {
		return explainFlow(ctx, t, client, flags, rest[1], rest[2])
	}
	checkup, err := askDoctor(ctx, client, flags)
	if err != nil {
		return err
	}
	if flags.json {
		if err := printJSON(t.out, checkup); err != nil {
			return err
		}
	} else {
		printCheckup(t.out, checkup, flags.evidence)
	}
	return failedChecks(checkup)
}

// askDoctor has the supervisor look, or looks itself.
func askDoctor(ctx context.Context, client *control.Client, flags doctorFlags) (control.Checkup, error) {
	checkup, silence := client.Doctor(ctx)
	if silence == nil || errors.Is(silence, fs.ErrPermission) {
		return checkup, silence // without permission it may be well: nobody is told otherwise
	}
	facts, err := readAlone(ctx, flags.config, silence)
	if err != nil {
		return checkup, err
	}
	return doctor.Examine(facts), nil
}

// alone is how long is counted where no supervisor has.
const alone = time.Second

// readAlone reads what can be read without the supervisor.
func readAlone(ctx context.Context, path string, silence error) (doctor.Facts, error) {
	c, err := config.Load(path)
	if err != nil {
		return doctor.Facts{}, fmt.Errorf("%w; to look without it, name its configuration with -c: %w", silence, err)
	}
	b, err := bridge.New(supervise.BridgeSpec(c), newLog(io.Discard, nil))
	if err != nil {
		return doctor.Facts{}, err
	}
	before := doctor.Counts{At: time.Now()}
	if before.LAN, before.WAN, err = b.Traffic(); err != nil {
		return doctor.Facts{}, err
	}
	select {
	case <-ctx.Done():
		return doctor.Facts{}, ctx.Err()
	case <-time.After(alone):
	}
	k := doctor.Read(ctx, b, interceptor.Inspect)
	now := doctor.Counts{At: time.Now(), LAN: k.LAN, WAN: k.WAN}
	return doctor.Facts{At: now.At, Config: c, Kernel: k, Before: before, Now: now, Silence: silence.Error()}, nil
}

// failedChecks is what the exit code says.
func failedChecks(c control.Checkup) error {
	var names []string
	for _, check := range c.Checks {
		if check.Verdict == control.HealthFail {
			names = append(names, check.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("not well: %s: each says above what to do", strings.Join(names, ", "))
}

func printCheckup(w io.Writer, c control.Checkup, evidence bool) {
	const indent = "                    "
	for _, check := range c.Checks {
		fmt.Fprintf(w, "%-8s%-11s %s\n", check.Verdict, check.Name, check.Finding)
		bad := check.Verdict == control.HealthFail || check.Verdict == control.HealthWarn
		if bad || evidence {
			for _, e := range check.Evidence {
				fmt.Fprintf(w, "%s- %s: %s (%s)\n", indent, e.What, e.Value, e.Where)
			}
		}
		if bad && check.Effect != "" {
			fmt.Fprintf(w, "%sTraffic: %s\n", indent, check.Effect)
		}
		if bad && check.Mend != "" {
			fmt.Fprintf(w, "%sMend: %s\n", indent, check.Mend)
		}
	}
}

// explainFlow answers why a connection is captured, or is not.
func explainFlow(ctx context.Context, t terminal, client *control.Client, flags doctorFlags, from, to string) error {
	q, err := flowQuestion(from, to)
	if err != nil {
		return usageError{err}
	}
	a, err := client.Explain(ctx, q)
	if errors.Is(err, fs.ErrPermission) {
		return err
	}
	if err != nil {
		facts, readErr := readAlone(ctx, flags.config, err)
		if readErr != nil {
			return readErr
		}
		a = doctor.Explain(q, facts, nil)
	}
	if flags.json {
		return printJSON(t.out, a)
	}
	printAnswer(t.out, a)
	return nil
}

// flowQuestion takes the server's port from SERVER:PORT or [SERVER]:PORT.
func flowQuestion(client, server string) (control.FlowQuestion, error) {
	port := ""
	if host, p, err := net.SplitHostPort(server); err == nil {
		server, port = host, p
	}
	return control.ParseFlow(client, server, port)
}

func printAnswer(w io.Writer, a control.FlowAnswer) {
	fmt.Fprintln(w, a.Answer)
	unless := false
	for _, r := range a.Reasons {
		if !r.Sure && !unless {
			fmt.Fprintln(w, "One that was not may be one of these:")
			unless = true
		}
		fmt.Fprintf(w, "- %s\n", capital(r.Text))
		if r.Mend != "" {
			fmt.Fprintf(w, "  Mend: %s\n", r.Mend)
		}
	}
}

// capital makes a clause into a sentence.
func capital(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}
