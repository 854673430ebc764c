package supervise

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"time"

	"limpid/appliance/child"
	"limpid/appliance/control"
	"limpid/appliance/watchdog"
	"limpid/proxy/scoreboard"
)

func (s *Supervisor) open(ctx context.Context) error {
	c := s.config
	var err error
	if s.lock, err = lockDir(s.RunDir); err != nil {
		return err
	}
	if s.capture, err = s.OpenCapture(ctx, c, s.FlowTimeout, s.Log); err != nil {
		return err
	}
	if s.wire, err = s.OpenWire(ctx, c, s.Log); err != nil {
		return err
	}
	limit, err := raiseDescriptors(c.Intercept.MaxConnections)
	if err != nil {
		return err
	}
	s.limit, s.flows = limit, flowsWithin(limit, c.Intercept.MaxConnections)
	if err := endOrphans(ctx, s.RunDir, orphanPatience); err != nil {
		return err
	}
	if s.sockets, err = awaitSockets(ctx, c.Proxy.Port, c.Intercept.IPv6, keepaliveFor(s.FlowTimeout)); err != nil {
		return err
	}
	if s.origin, err = watchdog.ListenOrigin(ctx); err != nil {
		return err
	}
	if s.socket, err = control.Listen(ctx, s.RunDir, child.WebGID); err != nil {
		return err
	}
	s.loops = min(runtime.NumCPU(), scoreboard.MaxLoops)
	s.core = newCore(s.Log, s.capture, time.Now, c.Watchdog.Timeout)
	s.core.change(func(in *Inputs) { in.Bypass = s.Bypass })
	s.gate = s.keeper("gate", s.GateSettings, child.GateUser(), func(link int) []int {
		return s.sockets.gateFiles(link, s.capture.Owner())
	}, theGate, func() { s.sockets.gateEnded() })
	s.proxy = s.keeper("proxy", s.ProxySettings, child.ProxyUser(), s.proxyFiles, theProxy, func() { s.proxyCut(); s.sockets.proxyEnded() })
	s.page = s.newPage()
	s.packets = s.newPacketCapturer()
	s.heard = s.newListener()
	s.ladders = s.newLadderMaker()
	listener := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), c.Proxy.Port)
	s.watchdog = watchdog.New(watchdog.Config{Listener: listener, Interval: c.Watchdog.Interval, Timeout: c.Watchdog.Timeout}, s)
	s.exporter, err = s.newExporter()
	return err
}

// close gives back whatever open has made.
func (s *Supervisor) close() error {
	var errs []error
	if s.capture != nil {
		errs = append(errs, s.capture.Close())
	}
	if s.socket != nil {
		// Served, it is closed already.
		if err := s.socket.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if s.origin != nil {
		if err := s.origin.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if s.sockets != nil {
		errs = append(errs, s.sockets.close())
	}
	if s.Carried == nil && s.page != nil {
		s.page.carried.sockets.close() // nobody comes after us
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}
