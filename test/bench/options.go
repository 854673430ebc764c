package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// options are the flags.
type options struct {
	rounds, seconds  int
	only, loads, out string
	vm               bool
	profile          []string // parts of limpid
	section          string
}

// parse reads the flags and makes the plan. What is wrong is said on stderr,
// and the error is then errUsage.
func parse(args []string, stderr io.Writer) (o options, p plan, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.rounds, "rounds", 4, "how often each subject takes its turn")
	flags.IntVar(&o.seconds, "seconds", 2, "how long each load lasts")
	flags.StringVar(&o.only, "only", "", "subjects, separated by commas: "+names(subjects(plan{}))+" (default all)")
	flags.StringVar(&o.loads, "loads", "", "loads, separated by commas: "+strings.Join(loadKeys(), ", ")+" (default all)")
	flags.StringVar(&o.out, "out", "", "file for the report, and with .svg as its end for the chart\n(default "+defaultReport+", with -only or -loads none)")
	flags.BoolVar(&o.vm, "vm", false, "measure the mirrored handshake too, on a 6.12 kernel in a virtual machine (some minutes)")
	profile := flags.String("profile", "", "limpid's processes to profile with perf after the rounds, separated by commas: "+partProxy+", "+partGate+";\nthe loads are keep-alive, new and bulk, or those of -loads; the data stays in "+profileDir)
	flags.StringVar(&o.section, "section", "", "what -vm runs in the machine: measure there, and write the section of the report to this file")
	if err := flags.Parse(args); err != nil {
		return o, p, errUsage
	}
	p, err = newPlan(o.rounds, o.seconds, o.only, o.loads)
	parts, badPart := profiled(*profile)
	o.profile = parts
	if err := errors.Join(err, badPart, unexpected(flags.Args())); err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return o, p, errUsage
	}
	// A part of the tables must not take the place of all of them.
	if o.out == "" && o.only == "" && o.loads == "" {
		o.out = defaultReport
	}
	return o, p, nil
}

// tools are those of the subjects, and those of the flags.
func (o options) tools(p plan) []string {
	all := tools(p.subjects)
	if len(o.profile) > 0 {
		all = append(all, "perf")
	}
	if o.vm {
		all = append(all, "qemu-system-x86_64", "haproxy")
	}
	return all
}

// names are those of subjects, with commas.
func names(list []subject) string {
	var all []string
	for _, s := range list {
		all = append(all, s.name)
	}
	return strings.Join(all, ", ")
}

// unexpected is an error if anything follows the flags.
func unexpected(args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("unexpected %q: there are only flags", args[0])
}
