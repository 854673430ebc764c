package supervise

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"limpid/appliance/control"
	"limpid/appliance/durable"
	"limpid/appliance/history"
	"limpid/bridge"
	"limpid/proxy/scoreboard"
)

const (
	// historyStep is how often counts are taken.
	historyStep = time.Second
	// historySave is how often they go to the disk: what a power cut costs at most.
	historySave = 10 * time.Minute
)

// historyNames are the counts that are kept over time.
func historyNames() []string {
	return []string{"lan_received", "lan_sent", "from_clients", "to_clients", "requests", "cache_hits", "captured", "bridged", "from_cache"}
}

// totals are the counts of now, in the order of historyNames. What cannot be read at
// the moment has not grown since before.
func (s *Supervisor) totals(before []uint64) []uint64 {
	board := s.sockets.proxyBoard
	now := []uint64{
		before[0], before[1], board.Get(scoreboard.BytesFromClients), board.Get(scoreboard.BytesDown),
		board.Get(scoreboard.Requests), board.Get(scoreboard.CacheHits), before[6], before[7], board.Get(scoreboard.BytesFromCache),
	}
	lan, wan, err := s.wire.Traffic()
	if s.report("port counters", err); err == nil {
		s.mu.Lock()
		s.frames = control.Frames{LAN: framesOf(lan), WAN: framesOf(wan)}
		s.mu.Unlock()
		if lan.Present {
			now[0], now[1] = lan.Received.Bytes, lan.Sent.Bytes
		}
	}
	counters, err := s.capture.Counters()
	if s.report("counters", err); err == nil {
		now[6], now[7] = counters.Captured, counters.Bridged
	}
	return now
}

func framesOf(t bridge.Traffic) control.PortFrames {
	return control.PortFrames{Received: t.Received.Packets, Sent: t.Sent.Packets, Errors: t.Received.Errors + t.Sent.Errors}
}

// historyPath is the file beside the credentials; without that folder there is none, and
// counts are in memory alone.
func (s *Supervisor) historyPath() string {
	if s.Credentials == "" {
		return ""
	}
	return filepath.Join(s.Credentials, "history")
}

// openHistory reads what was kept, and takes the totals from which all later ones grow:
// to be called before anything can be counted.
func (s *Supervisor) openHistory() []uint64 {
	data, err := os.ReadFile(s.historyPath())
	if err == nil {
		err = s.history.Unmarshal(data, time.Now())
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.Log.Warn("the history of counts begins anew", "error", err)
	}
	totals := s.totals(make([]uint64, len(historyNames())))
	s.history.Feed(time.Now(), totals)
	return totals
}

// keepHistory takes totals each second until ctx ends, and keeps what they have grown.
func (s *Supervisor) keepHistory(ctx context.Context, totals []uint64) {
	tick := time.NewTicker(historyStep)
	defer tick.Stop()
	for saved := time.Now(); ; {
		select {
		case <-ctx.Done():
			s.saveHistory()
			return
		case now := <-tick.C:
			totals = s.totals(totals)
			s.history.Feed(now, totals)
			if time.Since(saved) >= historySave {
				s.saveHistory()
				saved = time.Now()
			}
		}
	}
}

func (s *Supervisor) saveHistory() {
	path := s.historyPath()
	if info, err := os.Stat(filepath.Dir(path)); path == "" || err != nil || !info.IsDir() {
		return
	}
	s.report("history of counts", durable.Replace(path, s.history.Marshal(), 0o600))
}

// History implements control.Backend.
func (b backend) History(_ context.Context, span string) (control.History, error) {
	points, step, err := b.history.Points(history.Span(span), time.Now())
	if err != nil {
		return control.History{}, control.Refuse(err)
	}
	h := control.History{Names: b.history.Names(), Step: control.Duration(step), Points: make([]control.HistoryPoint, 0, len(points))}
	for _, p := range points {
		h.Points = append(h.Points, control.HistoryPoint{At: p.At, Counts: p.Counts})
	}
	return h, nil
}
