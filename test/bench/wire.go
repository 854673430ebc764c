package main

import (
	"context"

	"limpid/test/lab"
)

// bare is the wire without a proxy: an ordinary bridge.
type bare struct{ remove func() error }

func enterWire(_ context.Context, l *lab.Lab) (inline, error) {
	remove, err := l.PlainBridge()
	if err != nil {
		return nil, err
	}
	return bare{remove}, nil
}

func (bare) processes(context.Context) (map[int]string, error) { return nil, nil }

func (bare) tail() string { return "" }

func (b bare) leave() error { return b.remove() }
