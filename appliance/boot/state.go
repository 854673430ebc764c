package boot

import (
	"log/slog"
	"slices"
	"sync"
	"time"

	"limpid/appliance/control"
)

// state is what is told of the box. Each change is written to the run directory.
type state struct {
	dir string
	log *slog.Logger

	mu  sync.Mutex
	box control.Box
}

func newState(dir string, log *slog.Logger) *state {
	return &state{dir: dir, log: log, box: control.Box{Phases: []control.Phase{}, Alarms: []control.Alarm{}, Shell: true}}
}

func (s *state) change(f func(*control.Box)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.box)
	s.write()
}

// write is called with the lock held. The run directory is there after phase
// "mounts"; before, and if memory is full, there is nobody to be told.
func (s *state) write() { _ = control.WriteBox(s.dir, s.box) }

func (s *state) get() control.Box {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.box
	b.Phases, b.Alarms = slices.Clone(b.Phases), slices.Clone(b.Alarms)
	return b
}

// alarm sets the alarm about something, and says whether it is a new one.
func (s *state) alarm(about, text string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.box.Alarms, func(a control.Alarm) bool { return a.About == about })
	if i >= 0 && s.box.Alarms[i].Text == text {
		return false
	}
	if i < 0 {
		s.box.Alarms = append(s.box.Alarms, control.Alarm{About: about})
		i = len(s.box.Alarms) - 1
	}
	s.box.Alarms[i].Text, s.box.Alarms[i].Since = text, now
	s.write()
	return true
}

// calm takes the alarm about something away, and says whether there was one.
func (s *state) calm(about string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.box.Alarms)
	s.box.Alarms = slices.DeleteFunc(s.box.Alarms, func(a control.Alarm) bool { return a.About == about })
	if len(s.box.Alarms) == before {
		return false
	}
	s.write()
	return true
}
