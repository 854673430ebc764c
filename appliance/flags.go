package main

import (
	"errors"
	"flag"
	"io"
)

// errHelp asks for a command's description.
var errHelp = flag.ErrHelp

const (
	defaultRunDir = "/run/limpid"
	defaultConfig = "/etc/limpid/limpid.toml"
	// defaultCredentials is the folder of the box's settings (boot.PasswordPath).
	defaultCredentials = "/data/config"
)

// newFlags makes a set that says nothing by itself.
func newFlags(name string) *flag.FlagSet {
	set := flag.NewFlagSet(name, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	return set
}

// parse reads flags and arguments in any order, and wants exactly so many
// arguments, named for the error.
func parse(set *flag.FlagSet, args []string, names ...string) ([]string, error) {
	var rest []string
	for {
		if err := set.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, errHelp
			}
			return nil, usageError{err}
		}
		args = set.Args()
		if len(args) == 0 {
			break
		}
		rest, args = append(rest, args[0]), args[1:]
	}
	if len(rest) < len(names) {
		return nil, badUsage("%s is missing", names[len(rest)])
	}
	if len(rest) > len(names) {
		return nil, badUsage("%q is one argument too many", rest[len(names)])
	}
	return rest, nil
}

func runFlag(set *flag.FlagSet) *string { return set.String("run", defaultRunDir, "") }

func configFlag(set *flag.FlagSet) *string { return set.String("c", defaultConfig, "") }
