package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"limpid/appliance/control"
	"limpid/proxy/accesslog"
)

// forgetWait bounds how long the end waits for a supervisor that does not answer.
const forgetWait = 5 * time.Second

// showHeads records heads, shows them as they come, and forgets them at its end.
func showHeads(ctx context.Context, t terminal, o logOptions) error {
	client := control.NewClient(o.run)
	defer client.Close()
	request := control.HeadsRequest{Filter: o.query.Filter, For: control.Duration(o.lasting), Count: control.MaxHeads, Who: "limpid log"}
	state, err := client.RecordHeads(ctx, request)
	if err != nil {
		return err
	}
	defer func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgetWait)
		defer cancel()
		_, _ = client.ForgetHeads(ending) // it ends by itself, too
	}()
	fmt.Fprintf(t.err, "limpid log: heads are recorded until %s, or Ctrl-C\n", state.Until.Local().Format("15:04:05"))
	printer, lost := newHeadPrinter(t, o.json), uint64(0)
	for ctx.Err() == nil {
		answer, err := client.Heads(ctx, state.Cursor)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		case len(answer.Problems) > 0 || !answer.Begun:
			return fmt.Errorf("record heads: the recording is gone: the proxy started anew, or somebody has ended it")
		}
		if n := answer.Displaced + answer.Missed; n > lost {
			lost = n
			fmt.Fprintf(t.err, "limpid log: there was no room for all: %d heads were displaced so far, %d missed\n", answer.Displaced, answer.Missed)
		}
		for i := range answer.Heads {
			if err := printer.print(&answer.Heads[i]); err != nil {
				return err
			}
		}
		more := answer.Cursor != state.Cursor
		state.Cursor = answer.Cursor
		if !more && !answer.Recording {
			return nil
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(followEvery):
		}
	}
	return nil
}

// headPrinter prints records with their heads.
type headPrinter struct {
	t    terminal
	json bool
	text accesslog.Text
}

func newHeadPrinter(t terminal, asJSON bool) *headPrinter {
	return &headPrinter{t, asJSON, accesslog.Text{Colour: inColour(t.out), Zone: time.Local}}
}

func (p *headPrinter) print(h *control.HeadPair) error {
	var text []byte
	if p.json {
		line, err := json.Marshal(h)
		if err != nil {
			return fmt.Errorf("encode heads: %w", err)
		}
		text = append(line, '\n')
	} else {
		entry := accesslog.Entry(h.Record)
		record := entry.Record()
		text = p.text.Append(nil, &record)
		text = appendHead(text, "> ", h.Request)
		text = appendHead(text, "< ", h.Response)
	}
	if _, err := p.t.out.Write(text); err != nil {
		return fmt.Errorf("print heads: %w", err)
	}
	return nil
}

// appendHead appends a head with a mark before each line, as far as there is one. What
// does not print is written as \xXX: strangers wrote it, and this is a terminal.
func appendHead(dst []byte, mark string, h control.Head) []byte {
	for line := range strings.SplitSeq(strings.TrimSuffix(h.Text, "\r\n\r\n"), "\r\n") {
		if line == "" && h.Bytes == 0 {
			break
		}
		dst = append(dst, "    "+mark...)
		for _, c := range line {
			if c >= ' ' && c <= '~' || c == '\t' {
				dst = append(dst, byte(c))
			} else {
				dst = fmt.Appendf(dst, `\x%02x`, c)
			}
		}
		dst = append(dst, '\n')
	}
	if h.Cut {
		dst = fmt.Appendf(dst, "    %s(cut: all of it has %d bytes)\n", mark, h.Bytes)
	}
	return dst
}
