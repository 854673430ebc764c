package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"limpid/appliance/control"
)

func statusCommand() command {
	return command{name: "status", usage: "[--json] [--run DIR]", summary: "Show mode, links, flows and counters",
		help: `
  --json     everything, as the control API gives it
  --run DIR  run directory of the supervisor (` + defaultRunDir + `)

The first line is the mode: inline, bypass or starting; since when, and why. In bypass and while starting, new
connections go straight over the bridge.`,
		run: status}
}

func status(ctx context.Context, t terminal, args []string) error {
	set := newFlags("status")
	asJSON, dir := set.Bool("json", false, ""), runFlag(set)
	if _, err := parse(set, args); err != nil {
		return err
	}
	client := control.NewClient(*dir)
	defer client.Close()
	s, err := client.Status(ctx)
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(t.out, s)
	}
	// A supervisor that was asked twice may have ended in between: its status is known all the same.
	n, err := client.Neighbours(ctx)
	if err != nil {
		s.Problems = append(s.Problems, "neighbours: "+err.Error())
	}
	printStatus(t.out, s, n, time.Now())
	return nil
}

func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("print JSON: %w", err)
	}
	return nil
}

func printStatus(w io.Writer, s control.Status, n control.Neighbours, now time.Time) {
	first := fmt.Sprintf("%s since %s (%s)", s.Mode, s.Since.Local().Format(time.DateTime), ago(now.Sub(s.Since)))
	if s.Reason != "" {
		first += ": " + s.Reason
	}
	fmt.Fprintln(w, first)
	line := func(name, format string, a ...any) {
		fmt.Fprintf(w, "  %-9s %s\n", name, fmt.Sprintf(format, a...))
	}
	for _, l := range []struct {
		name string
		control.Link
		heard []control.Neighbour
	}{{"clients", s.Wire.LAN, n.LAN}, {"servers", s.Wire.WAN, n.WAN}, {"bridge", s.Wire.Bridge, nil}} {
		line(l.name, "%s%s", describeLink(l.Link), beside(l.heard))
	}
	if s.Capture != "" {
		line("capture", "%s, handshake %s", s.Capture, s.Handshake)
	}
	line("flows", "%d active, %d captured, %d bridged", s.Flows.Active, s.Flows.Captured, s.Flows.Bridged)
	line("requests", "%d", s.Requests)
	line("cache", "%d hits, %d misses", s.Cache.Hits, s.Cache.Misses)
	line("gate", "%s", describeProcess(s.Gate))
	line("proxy", "%s", describeProcess(s.Proxy))
	line("page", "%s", describePage(s.Web))
	line("last gap", "%d ms", s.LastGapMS)
	if t := s.Trial; t != nil {
		line("trial", "settings wait to be confirmed: given up in %d s", t.Left)
	}
	for _, p := range s.Problems {
		line("problem", "%s", p)
	}
}

func describeLink(l control.Link) string {
	switch {
	case !l.Present:
		return strings.TrimSpace(l.Name + " missing")
	case !l.Up:
		return l.Name + " down"
	case !l.Carrier:
		return l.Name + " no carrier"
	case l.Speed > 0:
		return fmt.Sprintf("%s up, %d Mbit/s", l.Name, l.Speed)
	}
	return l.Name + " up"
}

func describeProcess(p control.Process) string {
	text := "not running"
	if p.PID != 0 {
		text = fmt.Sprintf("pid %d", p.PID)
	}
	if p.Restarts > 0 {
		text += fmt.Sprintf(", restarted %d times", p.Restarts)
	}
	if p.LastExit != "" {
		text += ", before that it " + p.LastExit
	}
	return text
}

// describePage says where the web page is, and by what it is known.
func describePage(p control.Page) string {
	if len(p.Listen) == 0 {
		return "none: web.listen is empty"
	}
	text := describeProcess(p.Process) + ", listens on " + strings.Join(p.Listen, " ")
	if p.Fingerprint != "" {
		text += "\n            certificate SHA-256 " + p.Fingerprint
	}
	if !p.PasswordSet {
		text += "\n            no password is set yet: the first one to reach the page sets it"
	}
	return text
}

// ago is a duration for people: its two largest units.
func ago(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d d %d h", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}
