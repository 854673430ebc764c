package supervise

import (
	"context"
	"io"
	"os"

	"limpid/appliance/control"
	"limpid/appliance/metrics"
	"limpid/bridge"
)

// Metrics implements control.Backend.
func (b backend) Metrics(_ context.Context, w io.Writer) error { return b.exporter.Write(w) }

func (s *Supervisor) newExporter() (*metrics.Exporter, error) {
	sources := metrics.Sources{
		Gate: s.sockets.gateBoard, Proxy: s.sockets.proxyBoard, Version: s.Version,
		TunnelReasons: s.TunnelReasons, State: s.metricsState,
	}
	for _, cause := range causes() {
		sources.Causes = append(sources.Causes, string(cause))
	}
	return metrics.New(sources)
}

// metricsState is asked at each scrape. It waits for nobody but the kernel.
func (s *Supervisor) metricsState() metrics.State {
	core := s.core.snapshot()
	counters, err := s.capture.Counters()
	s.report("counters", err)
	m := metrics.State{
		Mode: core.Mode, Cause: string(core.Cause), Since: core.Since, Bypass: core.Ordered.On,
		LastGap: core.LastGap, Gaps: core.Gaps,
		ChecksPassed: s.checks.passed.Load(), ChecksFailed: s.checks.failed.Load(),
		Active: s.sockets.active(), Captured: counters.Captured, Bridged: counters.Bridged, Refused: counters.Refused,
		Self:     metrics.Process{Name: "supervise", PID: os.Getpid(), Begun: s.begun},
		Children: []metrics.Process{s.gate.measured(), s.proxy.measured(), s.page.keeper.measured()},
	}
	lan, wan, err := s.wire.Traffic()
	s.report("port counters", err)
	m.Capture, m.Handshake = s.capture.Methods()
	s.mu.Lock()
	defer s.mu.Unlock()
	m.Most = s.most(s.config)
	m.Problems = len(s.problems) + len(s.state.Warnings)
	m.Ports = []metrics.Port{port("lan", s.state.LAN, lan), port("wan", s.state.WAN, wan)}
	return m
}

func port(side string, l control.Link, t bridge.Traffic) metrics.Port {
	return metrics.Port{Side: side, Up: l.Present && l.Up, Carrier: l.Carrier,
		Counted: t.Present, Received: metrics.Traffic(t.Received), Sent: metrics.Traffic(t.Sent)}
}
