package supervise

import (
	"context"
	"reflect"
	"time"

	"limpid/appliance/config"
)

// reloads reads the configuration whenever it is asked to, until ctx ends.
func (s *Supervisor) reloads(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.Reload:
			s.reload(ctx)
		}
	}
}

// reload takes over what can change while running. A file with a mistake, or
// one that asks for more, changes nothing.
func (s *Supervisor) reload(ctx context.Context) {
	s.changing.Lock()
	defer s.changing.Unlock()
	if _, ok := s.trial(); ok {
		s.Log.Error("configuration is not taken over: a change of the settings waits to be confirmed")
		return
	}
	fresh, err := config.Load(s.ConfigPath)
	if err != nil {
		s.report("configuration", err)
		s.Log.Error("configuration is not taken over; the last good one stays")
		return
	}
	if key := fixed(s.current(), fresh); key != "" {
		s.Log.Error("configuration is not taken over: this needs a restart of limpid supervise", "key", key)
		return
	}
	if err := s.takeOver(ctx, fresh); err != nil {
		s.Log.Error("configuration is not taken over; the last good one stays")
	}
}

// takeOver puts a configuration into effect that differs in nothing that is fixed. An
// error changes nothing. It is called with changing held.
func (s *Supervisor) takeOver(ctx context.Context, fresh *config.Config) error {
	old := s.current()
	s.mu.Lock()
	state := s.state
	s.mu.Unlock()
	if state.Broken == "" {
		if err := s.capture.Apply(ctx, fresh, state.MAC, s.most(fresh)); err != nil {
			s.report("configuration", err)
			wake(s.reapply)
			return err
		}
	}
	s.report("configuration", nil)
	s.mu.Lock()
	s.config = fresh
	s.mu.Unlock()
	s.Log.Info("configuration is taken over")
	wake(s.reapply)
	// Whoever has asked for it on the page is to have its answer: other sockets are other processes.
	time.AfterFunc(answerFirst, func() { wake(s.page.changed) })
	if !reflect.DeepEqual(old.Intercept, fresh.Intercept) || !reflect.DeepEqual(old.Proxy, fresh.Proxy) ||
		!reflect.DeepEqual(old.Cache, fresh.Cache) || !reflect.DeepEqual(old.Rules, fresh.Rules) {
		s.restartChanged(old, fresh)
	}
	return nil
}

// restartChanged restarts the children whose settings differ, and those only:
// a restart ends flows.
func (s *Supervisor) restartChanged(old, fresh *config.Config) {
	before, after := s.told(), s.told()
	before.Config, after.Config = old, fresh
	if !reflect.DeepEqual(s.GateSettings(before), s.GateSettings(after)) {
		s.gate.restart()
	}
	if !reflect.DeepEqual(s.ProxySettings(before), s.ProxySettings(after)) {
		s.proxy.restart()
	}
}

// fixed names the first key that differs and cannot change while running:
// sockets and the bridge are made once.
func fixed(old, fresh *config.Config) string {
	management := old.Management
	management.Timezone = fresh.Management.Timezone // is told with every status
	for _, c := range []struct {
		key  string
		same bool
	}{
		{"bridge", reflect.DeepEqual(old.Bridge, fresh.Bridge)},
		{"management", reflect.DeepEqual(management, fresh.Management)},
		{"intercept.ipv6", old.Intercept.IPv6 == fresh.Intercept.IPv6},
		{"intercept.handshake", old.Intercept.Handshake == fresh.Intercept.Handshake},
		{"proxy.port", old.Proxy.Port == fresh.Proxy.Port},
		{"log", old.Log == fresh.Log},
		{"watchdog", old.Watchdog == fresh.Watchdog},
	} {
		if !c.same {
			return c.key
		}
	}
	return ""
}
