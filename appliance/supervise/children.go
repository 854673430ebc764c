package supervise

import (
	"limpid/appliance/child"
	"limpid/appliance/config"
	"limpid/interceptor"
)

func (s *Supervisor) keeper(name string, settings func(Told) any, user child.User, files func(int) []int,
	which func(*Inputs) *Child, balance func(),
) *keeper {
	return &keeper{
		name: name, log: s.Log, again: make(chan struct{}),
		command: command{name: name, path: s.Program, args: append([]string{"limpid"}, s.Arguments(name)...), env: s.Env,
			user: user, files: files, log: &lineLog{s.Log.With("child", name)}},
		settings: func() any { return settings(s.told()) },
		started:  func() { s.childStarted(which) },
		ended: func(reason string) {
			s.core.childDown(which, reason, s.lastBeat(name))
			balance()
		},
	}
}

// proxyFiles are the proxy's descriptors. Where nobody has to be asked before a
// client is answered, it accepts connections itself.
func (s *Supervisor) proxyFiles(link int) []int {
	_, handshake := s.capture.Methods()
	return s.sockets.proxyFiles(link, handshake == string(interceptor.Accept))
}

func (s *Supervisor) told() Told {
	_, handshake := s.capture.Methods()
	t := Told{Config: s.current(), Handshake: handshake, Flows: s.flows, Loops: s.loops, Origin: s.origin.Address()}
	if s.capture.Owner() != child.Absent {
		t.Grace = t.Config.Watchdog.Timeout + orphanGrace
	}
	return t
}

func (s *Supervisor) current() *config.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config
}

// childStarted tells everybody concerned.
func (s *Supervisor) childStarted(which func(*Inputs) *Child) {
	s.core.childUp(which)
	// One at a time: each notes both, the later one what is true.
	s.starting.Lock()
	defer s.starting.Unlock()
	s.noteChildren()
	// Whichever of the two is started last, the gate learns the proxy's pid.
	proxyPID, _, _ := s.proxy.state()
	if gate := s.gate.peer(); gate != nil && proxyPID != 0 {
		if err := gate.Notify(child.MethodProxyStarted, child.ProxyStarted{PID: proxyPID}); err != nil {
			s.Log.Warn("cannot tell the gate of the proxy", "error", err)
		}
	}
	s.watchdog.Kick()
}

// rememberChildren notes who they are, for a supervisor to come.
func (s *Supervisor) rememberChildren() {
	s.starting.Lock()
	defer s.starting.Unlock()
	s.noteChildren()
}

// noteChildren is called with the lock held.
func (s *Supervisor) noteChildren() {
	pids := make(map[string]int)
	for _, k := range []*keeper{s.gate, s.proxy, s.page.keeper} {
		pids[k.name], _, _ = k.state()
	}
	if err := rememberChildren(s.RunDir, pids); err != nil {
		s.Log.Warn("cannot note the children", "error", err)
	}
}
