package flows

import (
	"bytes"
	_ "embed" // of flows.o
	"fmt"

	"github.com/cilium/ebpf"
)

//go:embed flows.o
var object []byte

// Maps of flows.c that outlive a change of Spec.
const (
	mapFlows  = "flows"
	mapCounts = "counts"
)

// slotsTaken is where mapCounts has how many flows have a slot.
const slotsTaken = 0

// described is what the kernel is asked to load for s.
func described(s Spec) (*ebpf.CollectionSpec, error) {
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(object))
	if err != nil {
		return nil, fmt.Errorf("read programs: %w", err)
	}
	for name, value := range s.constants() {
		v, ok := spec.Variables[name]
		if !ok {
			return nil, fmt.Errorf("write constants of programs: flows.o has no %s: make flows", name)
		}
		if err := v.Set(value); err != nil {
			return nil, fmt.Errorf("write constant %s of programs: %w", name, err)
		}
	}
	spec.Maps[mapFlows].MaxEntries = s.room()
	return spec, nil
}

// load gives the programs to the kernel. They share the maps that are given.
func load(s Spec, maps map[string]*ebpf.Map) (*ebpf.Collection, error) {
	spec, err := described(s)
	if err != nil {
		return nil, err
	}
	loaded, err := ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{MapReplacements: maps})
	if err != nil {
		return nil, fmt.Errorf("load programs that remember flows: %w", err)
	}
	return loaded, nil
}
