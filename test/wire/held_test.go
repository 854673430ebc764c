package wire

import (
	"testing"

	"limpid/test/lab"
)

// held is what limpid's rules hold of flows now.
func held(t *testing.T, l *lab.Lab) lab.Held {
	t.Helper()
	h, err := l.FlowsHeld()
	must(t, err)
	return h
}
