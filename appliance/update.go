package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"limpid/appliance/control"
	"limpid/appliance/update/bundle"
)

func updateCommand() command {
	return command{name: "update", usage: "FILE | status | back | reboot  [--run DIR]", summary: "Update the firmware, or go back to the one before",
		help: `
  FILE         send a bundle to the slot that does not run; the next boot tries it. Sent again after a break, it goes on
    --downgrade  take an older version than the one that runs
    --reboot     boot it when it is there
  status       show the slots, and how far an update has come
    --json       everything, as the control API gives it
  back         have the next boot try the firmware from before the last update
    --reboot     boot it at once
  reboot       boot what is to be tried
    --at TIME    at a time in the next 7 days: 03:00, "2026-01-31 03:00", or as in 2026-01-31T03:00:00Z
    --off        not at the time that was said
  --run DIR    run directory of the supervisor (` + defaultRunDir + `)

The wire carries traffic while the slot is written, and not while the box reboots. Firmware that does not prove
healthy within three minutes, or does not come up, is left again by itself.`,
		run: updateMain}
}

// rate of asking how far an update has come, and of lines where they stay.
const (
	updateInterval = 500 * time.Millisecond
	updateLines    = 10 * time.Second
	updateAttempts = 5
)

// updateFlags are the flags of update, and what they go with.
type updateFlags struct {
	json, downgrade, reboot, off bool
	at                           string
}

func (f updateFlags) check(what string) error {
	file := what != "status" && what != "back" && what != "reboot"
	switch {
	case f.json && what != "status":
		return badUsage("--json goes with update status only")
	case f.downgrade && !file:
		return badUsage("--downgrade goes with a file only")
	case f.reboot && !file && what != "back":
		return badUsage("--reboot goes with a file or with back only")
	case (f.at != "" || f.off) && what != "reboot":
		return badUsage("--at and --off go with update reboot only")
	case f.at != "" && f.off:
		return badUsage("choose --at or --off")
	}
	return nil
}

func updateMain(ctx context.Context, t terminal, args []string) error {
	set, flags := newFlags("update"), updateFlags{}
	set.BoolVar(&flags.json, "json", false, "")
	set.BoolVar(&flags.downgrade, "downgrade", false, "")
	set.BoolVar(&flags.reboot, "reboot", false, "")
	set.StringVar(&flags.at, "at", "", "")
	set.BoolVar(&flags.off, "off", false, "")
	dir := runFlag(set)
	rest, err := parse(set, args, "file, status, back or reboot")
	if err != nil {
		return err
	}
	what := rest[0]
	if err := flags.check(what); err != nil {
		return err
	}
	client := control.NewClient(*dir)
	defer client.Close()
	u, err := doUpdate(ctx, t, client, what, flags)
	switch {
	case err != nil:
		return err
	case flags.json:
		return printJSON(t.out, u)
	}
	printUpdate(t.out, u)
	if flags.reboot || what == "reboot" && flags.at == "" && !flags.off {
		fmt.Fprintln(t.out, "rebooting")
	}
	return nil
}

// doUpdate does what was asked for and gives the state afterwards.
func doUpdate(ctx context.Context, t terminal, client *control.Client, what string, flags updateFlags) (u control.Update, err error) {
	switch what {
	case "status":
		u, err = client.Update(ctx)
	case "back":
		u, err = client.GoBack(ctx)
	case "reboot":
		u, err = rebootAs(ctx, client, flags)
	default:
		u, err = sendBundle(ctx, t, client, what, flags.downgrade)
	}
	if err == nil && flags.reboot {
		u, err = client.Reboot(ctx)
	}
	return u, err
}

// rebootAs boots what is to be tried now or later, or not at the time that was said.
func rebootAs(ctx context.Context, client *control.Client, flags updateFlags) (control.Update, error) {
	switch {
	case flags.off:
		return client.PlanReboot(ctx, time.Time{})
	case flags.at == "":
		return client.Reboot(ctx)
	}
	at, err := timeToCome(flags.at, time.Now())
	if err != nil {
		return control.Update{}, err
	}
	return client.PlanReboot(ctx, at)
}

// timeToCome reads a time of day, the next one there is; or a day and a time.
func timeToCome(text string, now time.Time) (time.Time, error) {
	if clock, err := time.Parse("15:04", text); err == nil {
		at := time.Date(now.Year(), now.Month(), now.Day(), clock.Hour(), clock.Minute(), 0, 0, now.Location())
		if !at.After(now) {
			at = at.AddDate(0, 0, 1)
		}
		return at, nil
	}
	for _, form := range []string{"2006-01-02 15:04", time.RFC3339} {
		if at, err := time.ParseInLocation(form, text, now.Location()); err == nil {
			return at, nil
		}
	}
	return time.Time{}, badUsage("--at %q: want a time like 03:00, \"2026-01-31 03:00\" or 2026-01-31T03:00:00Z", text)
}

// printUpdate shows the slots and what is going on.
func printUpdate(w io.Writer, u control.Update) {
	line := func(name, format string, a ...any) { fmt.Fprintf(w, "  %-9s %s\n", name, fmt.Sprintf(format, a...)) }
	if !u.Slots {
		fmt.Fprintf(w, "version %s for %s, not in a firmware slot: nothing to update here\n", u.Version, u.Board)
		return
	}
	health := "has not proved healthy yet"
	if u.Healthy {
		health = "has proved healthy"
	}
	fmt.Fprintf(w, "version %s for %s in slot %s, %s\n", u.Version, u.Board, u.Running, health)
	version := u.Other.Version
	if version == "" {
		version = "no known version"
	}
	switch {
	case u.Phase == control.UpdateReady:
		line("slot "+u.Other.Slot, "%s: the next boot tries it (limpid update reboot)", version)
	case u.Other.BootsLeft == 0:
		line("slot "+u.Other.Slot, "%s: nothing to go back to", version)
	default:
		line("slot "+u.Other.Slot, "%s: limpid update back returns to it", version)
	}
	switch u.Phase {
	case control.UpdateReceiving, control.UpdateVerifying, control.UpdateInterrupted:
		line("update", "%s", progressText(u))
	case control.UpdateIdle, control.UpdateReady, control.UpdateFailed:
	}
	if !u.RebootAt.IsZero() {
		line("reboot", "planned for %s", u.RebootAt.Local().Format(time.DateTime))
	}
	if u.Problem != "" {
		line("problem", "%s", u.Problem)
	}
}

// progressText is one line of fixed width.
func progressText(u control.Update) string {
	const mib = 1 << 20
	p := u.Progress
	return fmt.Sprintf("%-11s %5.1f %%  %7.2f of %.2f MiB  %6.2f MiB/s", u.Phase, p.Percent, float64(p.Done)/mib, float64(p.Total)/mib, float64(p.Rate)/mib)
}

// sendBundle sends a bundle and shows how it goes. What can be seen to be wrong
// from here is not sent at all.
func sendBundle(ctx context.Context, t terminal, client *control.Client, path string, downgrade bool) (control.Update, error) {
	sum := sha256.New()
	// Whether the signature counts is for the box to say: its keys do.
	if _, err := examine(ctx, path, sum, func(bundle.Head) error { return nil }); err != nil {
		return control.Update{}, err
	}
	file, err := os.Open(path)
	if err != nil {
		return control.Update{}, fmt.Errorf("read bundle: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return control.Update{}, fmt.Errorf("read bundle: %w", err)
	}
	upload := control.Upload{SHA256: hex.EncodeToString(sum.Sum(nil)), Size: info.Size(), Downgrade: downgrade}
	for attempt := 1; ; attempt++ {
		before, err := client.Update(ctx)
		if err != nil {
			return before, err
		}
		if upload.Offset = goOnAt(before, upload); upload.Offset > 0 {
			fmt.Fprintf(t.out, "going on at byte %d of %d\n", upload.Offset, upload.Size)
		}
		u, err := sendPart(ctx, t, client, upload, io.NewSectionReader(file, upload.Offset, upload.Size-upload.Offset))
		if err == nil {
			return u, nil
		}
		after, askErr := client.Update(ctx)
		switch {
		case askErr != nil, ctx.Err() != nil, attempt == updateAttempts:
			return u, err
		case after.Phase == control.UpdateFailed && after.Bundle.SHA256 == upload.SHA256:
			return u, errors.New(after.Problem) // also when the answer was lost
		case after.Phase != control.UpdateInterrupted:
			return u, err
		}
		fmt.Fprintf(t.err, "%v\n", err)
	}
}

// goOnAt is where an earlier upload of the same bundle broke off.
func goOnAt(u control.Update, upload control.Upload) int64 {
	if u.Phase == control.UpdateInterrupted && u.Bundle.SHA256 == upload.SHA256 && u.Bundle.Size == upload.Size {
		return u.Bundle.Received
	}
	return 0
}

// sendPart sends what is left of a bundle, showing what the box says of it.
func sendPart(ctx context.Context, t terminal, client *control.Client, upload control.Upload, body io.Reader) (control.Update, error) {
	type result struct {
		control.Update
		err error
	}
	done := make(chan result, 1)
	go func() {
		u, err := client.Upload(ctx, upload, body)
		done <- result{u, err}
	}()
	show := newProgressLine(t.out)
	ticks := time.NewTicker(updateInterval)
	defer ticks.Stop()
	for {
		select {
		case r := <-done:
			if r.err == nil {
				show.last(r.Update)
			}
			show.end()
			return r.Update, r.err
		case <-ticks.C:
			if u, err := client.Update(ctx); err == nil && (u.Phase == control.UpdateReceiving || u.Phase == control.UpdateVerifying) {
				show.show(u)
			}
		}
	}
}

// progressLine writes one line again and again on a terminal; elsewhere one now
// and then, and at each new phase.
type progressLine struct {
	out      io.Writer
	terminal bool
	phase    control.UpdatePhase
	when     time.Time
	shown    bool
}

func newProgressLine(out io.Writer) *progressLine {
	return &progressLine{out: out, terminal: isTerminal(out)}
}

func (p *progressLine) show(u control.Update) {
	switch {
	case p.terminal:
		fmt.Fprintf(p.out, "\r%-78s", progressText(u))
	case u.Phase != p.phase || time.Since(p.when) >= updateLines:
		fmt.Fprintln(p.out, progressText(u))
		p.when = time.Now()
	}
	p.phase, p.shown = u.Phase, true
}

// last shows the end, whatever was shown before.
func (p *progressLine) last(u control.Update) {
	p.phase = ""
	p.show(u)
}

func (p *progressLine) end() {
	if p.terminal && p.shown {
		fmt.Fprint(p.out, "\r"+strings.Repeat(" ", 78)+"\r")
	}
}
