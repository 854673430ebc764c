package supervise

import (
	"time"

	"limpid/appliance/watchdog"
	"limpid/proxy/scoreboard"
)

// beat is the last sign of life seen of a process.
type beat struct {
	sum uint64
	at  time.Time
}

// Sample implements watchdog.Target.
func (s *Supervisor) Sample() watchdog.Sample {
	gatePID, _, _ := s.gate.state()
	proxyPID, _, _ := s.proxy.state()
	sample := watchdog.Sample{
		Gate:  watchdog.Pulse{PID: gatePID, Beats: beats(s.sockets.gateBoard, 1)},
		Proxy: watchdog.Pulse{PID: proxyPID, Beats: beats(s.sockets.proxyBoard, s.loops)},
	}
	s.noteBeats(sample)
	s.full()
	s.core.Tick()
	return sample
}

func beats(board *scoreboard.Board, loops int) []uint64 {
	b := make([]uint64, loops)
	for i := range b {
		b[i] = board.Beats(i)
	}
	return b
}

func (s *Supervisor) noteBeats(sample watchdog.Sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, pulse := range []watchdog.Pulse{sample.Gate, sample.Proxy} {
		var sum uint64
		for _, b := range pulse.Beats {
			sum += b
		}
		if sum != s.beats[i].sum {
			s.beats[i] = beat{sum, time.Now()}
		}
	}
}

// lastBeat is when a child was last seen to live.
func (s *Supervisor) lastBeat(name string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name == "gate" {
		return s.beats[0].at
	}
	return s.beats[1].at
}

// full stops capture before the flows are too many, where the handshake gives
// the gate no say about each of them, and lets it go on when a twentieth is free.
func (s *Supervisor) full() {
	if _, handshake := s.capture.Methods(); handshake != "accept" {
		return
	}
	most := uint64(s.most(s.current()))
	active := s.sockets.active()
	s.core.change(func(in *Inputs) {
		in.Full = active >= most || in.Full && active > most-most/20
	})
}

// HealthSeen implements watchdog.Target.
func (s *Supervisor) HealthSeen() uint64 { return s.sockets.proxyBoard.Get(scoreboard.HealthTaken) }

// Passed implements watchdog.Target.
func (s *Supervisor) Passed() {
	s.checks.passed.Add(1)
	s.noteCheck(true, "")
	s.core.Passed()
	if s.Hardware == nil {
		return
	}
	s.report("hardware watchdog", s.Hardware.Feed())
}

// Failed implements watchdog.Target.
func (s *Supervisor) Failed(reason string) {
	s.checks.failed.Add(1)
	s.noteCheck(false, reason)
	s.core.Failed(reason)
}

// Hung implements watchdog.Target. Capture is off before the process is killed.
func (s *Supervisor) Hung(process watchdog.Process, reason string) {
	s.core.Failed(process.String() + " hangs: " + reason)
	if process == watchdog.Gate {
		s.gate.kill(reason)
		return
	}
	s.proxy.kill(reason)
}
