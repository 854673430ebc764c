package config

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ports stands in line 1 of most test sources: the only key that must be set.
const ports = "bridge.ports = [\"eth0\", \"eth1\"]\n"

// refusal is a source and the exact text of its problems.
type refusal struct{ name, source, want string }

// testRefusals parses each source behind the line that sets the ports, so that a source starts in line 2.
func testRefusals(t *testing.T, tests []refusal) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { testRefusal(t, ports+tt.source, tt.want) })
	}
}

func testRefusal(t *testing.T, source, want string) {
	t.Helper()
	c, err := Parse("limpid.toml", []byte(source))
	if err == nil {
		t.Fatalf("accepted, want %s", want)
	}
	if c != nil {
		t.Error("returned a configuration with the error")
	}
	if _, ok := errors.AsType[*InvalidError](err); !ok {
		t.Errorf("error is a %T, want *InvalidError", err)
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

// parsed is the configuration of a source behind the line that sets the ports.
func parsed(t *testing.T, source string) *Config {
	t.Helper()
	c, err := Parse("limpid.toml", []byte(ports+source))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
