package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"limpid/appliance/control"
	"limpid/appliance/ladder"
)

// ladderEvery is how often it is asked whether a ladder is there.
const ladderEvery = 200 * time.Millisecond

// ladderFlags are what a ladder takes.
type ladderFlags struct {
	doctorFlags
	drawn bool
	wait  time.Duration
}

// asksLadder says that a command line is of `doctor --ladder`, whose words are not those
// of the checklist.
func asksLadder(args []string) bool {
	return slices.ContainsFunc(args, func(a string) bool { return a == "--ladder" || a == "-ladder" })
}

func ladderMain(ctx context.Context, t terminal, set *flag.FlagSet, args []string, flags func() ladderFlags) error {
	request := control.LadderRequest{Who: "the command line"}
	args = slices.Clone(args)
	var words []string
	args = slices.DeleteFunc(args, func(a string) bool {
		is := strings.HasPrefix(a, "client=") || strings.HasPrefix(a, "server=")
		if is {
			words = append(words, a)
		}
		return is
	})
	if _, err := parse(set, args); err != nil {
		return err
	}
	for _, word := range words {
		if err := ladderWord(&request, word); err != nil {
			return err
		}
	}
	f := flags()
	if f.wait < control.MinLadderTime || f.wait > control.MaxLadderTime {
		return badUsage("--for %v: want %v to %v", f.wait, control.MinLadderTime, control.MaxLadderTime)
	}
	request.For = control.Duration(f.wait)
	client := control.NewClient(f.dir)
	defer client.Close()
	l, err := awaitLadder(ctx, t.err, client, request)
	if err != nil {
		return err
	}
	if f.json {
		err = printJSON(t.out, l)
	} else {
		_, err = io.WriteString(t.out, ladder.Text(l, f.evidence))
	}
	if err != nil || l.Verdict != control.HealthFail {
		return err
	}
	return fmt.Errorf("not well: what fails says above what to do")
}

// ladderWord takes client=ADDR or server=ADDR[:PORT].
func ladderWord(r *control.LadderRequest, word string) error {
	name, text, _ := strings.Cut(word, "=")
	host, port := text, ""
	if name == "server" {
		if h, p, err := net.SplitHostPort(text); err == nil {
			host, port = h, p
		}
	}
	a, err := netip.ParseAddr(host)
	if err != nil || a.Zone() != "" {
		return badUsage("%s: want an address, like 192.0.2.1 or 2001:db8::1", word)
	}
	if name == "client" {
		r.Client = a
		return nil
	}
	r.Server = a
	if port == "" {
		return nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return badUsage("%s: want a port from 1 to 65535", word)
	}
	r.Port = uint16(n)
	return nil
}

// awaitLadder has one made, and waits for it.
func awaitLadder(ctx context.Context, say io.Writer, client *control.Client, request control.LadderRequest) (control.Ladder, error) {
	begun, err := client.BeginLadder(ctx, request)
	if err != nil {
		return begun, err
	}
	fmt.Fprintf(say, "limpid doctor: waiting %v for a connection to begin\n", time.Duration(request.For))
	for {
		select {
		case <-ctx.Done():
			return begun, ctx.Err()
		case <-time.After(ladderEvery):
		}
		s, err := client.Ladder(ctx)
		switch {
		case err != nil:
			return begun, err
		case s.Ladder == nil || s.Ladder.ID != begun.ID:
			return begun, fmt.Errorf("ladder %d: there is none, or no longer", begun.ID)
		case s.Ladder.Problem != "":
			return begun, fmt.Errorf("ladder: %s", s.Ladder.Problem)
		case !s.Ladder.Running:
			return *s.Ladder, nil
		}
	}
}
