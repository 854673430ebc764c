package main

import (
	"context"

	"limpid/test/lab"
)

// bare is the wire without a proxy: an ordinary bridge.
type bare struct{ remove func() error }

// enterWire is the measure for the load itself: what client, origin and the
// network of the lab can do with nothing between them.
func enterWire(_ context.Context, l *lab.Lab, _ int) (inline, error) {
	remove, err := l.PlainBridge()
	if err != nil {
		return nil, err
	}
	return bare{remove}, nil
}

// processes: the kernel bridges, so there is nobody whose time could be told.
func (bare) processes(context.Context) (map[int]string, error) { return nil, nil }

func (bare) tail() string { return "" }

func (b bare) leave() error { return b.remove() }
