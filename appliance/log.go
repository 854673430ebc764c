package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"limpid/appliance/control"
	"limpid/proxy/accesslog"
)

func logCommand() command {
	return command{name: "log", usage: "[-f] [-n N] [--json | --squid] [--heads [--for T]] [FILTER ...] [--run DIR]", summary: "Show the newest requests and tunnels",
		help: `
  -f            go on with those that come, until Ctrl-C
  -n N          the newest N, 1 to 1000 (100)
  --json        a JSON object a line, as in access.jsonl
  --squid       Squid's native format, as in access.log
  --heads       record the heads of requests and responses that begin from now on, and show them as they come;
                without the values of Cookie, Set-Cookie, Authorization and Proxy-Authorization
  --for T       how long, like 2m, 10m at most (10m)
  --run DIR     run directory of the supervisor (` + defaultRunDir + `)

Filters, all of which must hold:
  --client A    address or prefix          --server A     the same
  --host NAME   name asked for, * is any   --path TEXT    part of the URL
  --method M    as written                 --status S     number or class: 404, 4xx
  --verdict V   forward, hit, miss, revalidated, stale, block, tunnel or abort
  --reason R    as the log names it        --since T      10m ago, or an RFC 3339 time
  --min-time D  in all, like 250ms         --min-bytes N  request and response, like 100KiB

What is shown is in the proxy's memory, some thousand of the newest records; a proxy that starts anew has none.`,
		run: showLog}
}

// followEvery is how often new records are asked for.
const followEvery = 500 * time.Millisecond

// logOptions is the command line of log.
type logOptions struct {
	follow, json, squid bool
	heads               bool
	lasting             time.Duration // of heads
	run                 string
	query               control.LogQuery
}

func logOptionsOf(args []string) (logOptions, error) {
	var o logOptions
	set := newFlags("log")
	dir := runFlag(set)
	set.BoolVar(&o.follow, "f", false, "")
	set.BoolVar(&o.json, "json", false, "")
	set.BoolVar(&o.squid, "squid", false, "")
	set.IntVar(&o.query.Limit, "n", 100, "")
	set.BoolVar(&o.heads, "heads", false, "")
	set.DurationVar(&o.lasting, "for", control.DefaultHeadsTime, "")
	words := make(map[string]*string)
	for _, key := range accesslog.FilterKeys() {
		words[key] = set.String(strings.ReplaceAll(key, "_", "-"), "", "")
	}
	if _, err := parse(set, args); err != nil {
		return o, err
	}
	switch {
	case o.query.Limit < 1 || o.query.Limit > control.MaxLog:
		return o, badUsage("-n %d: want 1 to %d", o.query.Limit, control.MaxLog)
	case o.json && o.squid:
		return o, badUsage("--json and --squid: want one of them")
	}
	if err := o.checkHeads(set); err != nil {
		return o, err
	}
	o.run, o.query.Filter = *dir, make(map[string]string)
	for key, word := range words {
		if *word != "" {
			o.query.Filter[key] = *word
		}
	}
	if _, err := accesslog.ParseFilter(o.query.Filter, time.Now()); err != nil {
		return o, usageError{err}
	}
	return o, nil
}

// checkHeads refuses what says nothing beside --heads, or without it.
func (o *logOptions) checkHeads(set *flag.FlagSet) error {
	given := make(map[string]bool)
	set.Visit(func(f *flag.Flag) { given[f.Name] = true })
	switch {
	case given["for"] && !o.heads:
		return badUsage("--for %v: want --heads with it", o.lasting)
	case o.heads && (o.follow || o.squid || given["n"]):
		return badUsage("--heads shows what comes: leave out -f, -n and --squid")
	case o.heads && (o.lasting <= 0 || o.lasting > control.MaxHeadsTime):
		return badUsage("--for %v: want a time above 0 and at most %v", o.lasting, control.MaxHeadsTime)
	}
	return nil
}

func showLog(ctx context.Context, t terminal, args []string) error {
	o, err := logOptionsOf(args)
	if err != nil {
		return err
	}
	if o.heads {
		return showHeads(ctx, t, o)
	}
	printer := newLogPrinter(t, o)
	client := control.NewClient(o.run)
	defer client.Close()
	for query := o.query; ; query.Limit = control.MaxLog {
		page, err := client.Log(ctx, query)
		if err != nil {
			return err
		}
		if err := printer.print(page); err != nil || !o.follow {
			return err
		}
		// A page is cut by its limit, or by its bytes: what is left is asked for
		// at once, but after the first page, which is the newest already.
		more := query.After != "" && len(page.Records) > 0
		query.After = page.Cursor
		if more {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followEvery):
		}
	}
}

// logPrinter prints pages of the log.
type logPrinter struct {
	t      terminal
	format interface {
		Append([]byte, *accesslog.Record) []byte
	}
	text     []byte // to be printed
	problems string // that were told last
}

func newLogPrinter(t terminal, o logOptions) *logPrinter {
	switch {
	case o.json:
		return &logPrinter{t: t, format: &accesslog.JSON{}}
	case o.squid:
		return &logPrinter{t: t, format: &accesslog.Squid{}}
	}
	text := &accesslog.Text{Colour: inColour(t.out), Zone: time.Local}
	return &logPrinter{t: t, format: text, text: []byte(text.Head())}
}

func (p *logPrinter) print(page control.LogPage) error {
	if page.Missed > 0 {
		fmt.Fprintf(p.t.err, "limpid log: %d records were gone before they could be shown\n", page.Missed)
	}
	if problems := strings.Join(page.Problems, "\n"); problems != p.problems {
		p.problems = problems
		for _, problem := range page.Problems {
			fmt.Fprintf(p.t.err, "limpid log: %s\n", problem)
		}
	}
	for i := range page.Records {
		entry := accesslog.Entry(page.Records[i])
		record := entry.Record()
		p.text = p.format.Append(p.text, &record)
	}
	if _, err := p.t.out.Write(p.text); err != nil {
		return fmt.Errorf("print log: %w", err)
	}
	p.text = p.text[:0]
	return nil
}

// inColour reports whether w is a terminal whose user wants colour
// (https://no-color.org).
func inColour(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
