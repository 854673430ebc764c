package flows

import (
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/cilium/ebpf"
)

// Memory is the programs, and what they remember. All its methods may be called from any
// goroutine; Apply acts in the network namespace of its caller.
type Memory struct {
	mu     sync.Mutex
	spec   *Spec // what is there; nil for nothing
	loaded *ebpf.Collection
	places map[string]attached // by program
}

// New makes a Memory of nothing. It touches nothing.
func New() *Memory { return &Memory{places: make(map[string]attached)} }

// Apply puts programs for s at both ports. What is remembered stays, unless there is
// another number of slots: then it returns cut, for flows captured until now. An
// equal Spec puts programs back to ports that were made anew.
func (m *Memory) Apply(s Spec) (cut bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	loaded := m.loaded
	if m.spec == nil || !reflect.DeepEqual(*m.spec, s) {
		var keep map[string]*ebpf.Map
		if m.spec != nil && m.spec.room() == s.room() {
			keep = map[string]*ebpf.Map{mapFlows: m.loaded.Maps[mapFlows], mapCounts: m.loaded.Maps[mapCounts]}
		}
		cut = m.spec != nil && keep == nil
		if loaded, err = load(s, keep); err != nil {
			return false, err
		}
	}
	if err := m.put(s, loaded); err != nil {
		if loaded != m.loaded {
			loaded.Close()
		}
		return false, err
	}
	if loaded != m.loaded {
		if m.loaded != nil {
			m.loaded.Close() // maps that are kept have descriptors of their own in loaded
		}
		m.loaded, m.spec = loaded, &s
	}
	return cut, nil
}

// put puts all programs at their places, or leaves those that are there.
func (m *Memory) put(s Spec, loaded *ebpf.Collection) (err error) {
	places := make(map[string]attached)
	for _, w := range s.Ways() {
		if places[w.Program], err = put(w, loaded.Programs[w.Program], m.places[w.Program]); err != nil {
			break
		}
	}
	for name, place := range places {
		before := m.places[name]
		switch {
		case place.link == before.link && err == nil, place.link == nil:
		case place.link == before.link:
			err = errors.Join(err, before.link.Update(m.loaded.Programs[name]))
		case err == nil && before.link != nil:
			_ = before.link.Close() // its port is gone
		case err != nil:
			_ = place.link.Close() // nothing was there before
		}
	}
	if err == nil {
		m.places = places
	}
	return err
}

// Ports are the indices of the interfaces at which the programs are.
func (m *Memory) Ports() (lan, wan int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.places["from_client"].port, m.places["from_server"].port
}

// Links are the descriptors that keep the programs where they are, while anybody holds
// them or duplicates of them.
func (m *Memory) Links() ([]int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var fds []int
	for _, place := range m.places {
		fd, err := place.fd()
		if err != nil {
			return nil, err
		}
		fds = append(fds, fd)
	}
	return fds, nil
}

// Sweep forgets flows that were not heard for too long.
func (m *Memory) Sweep() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.loaded == nil {
		return nil
	}
	if _, err := m.loaded.Programs["sweep"].Run(&ebpf.RunOptions{}); err != nil {
		return fmt.Errorf("forget old flows: %w", err)
	}
	return nil
}

// Live is how many flows have a slot.
func (m *Memory) Live() (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var n uint64
	if m.loaded == nil {
		return 0, nil
	}
	if err := m.loaded.Maps[mapCounts].Lookup(uint32(slotsTaken), &n); err != nil {
		return 0, fmt.Errorf("count live flows: %w", err)
	}
	return n, nil
}

// Close lets go of programs and maps: they are gone, unless somebody else holds the links.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var errs []error
	for name, place := range m.places {
		if err := place.link.Close(); err != nil {
			errs = append(errs, fmt.Errorf("detach %s: %w", name, err))
		}
	}
	clear(m.places)
	if m.loaded != nil {
		m.loaded.Close()
	}
	m.loaded, m.spec = nil, nil
	return errors.Join(errs...)
}
