package relay

import (
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"limpid/proxy/accesslog"
	"limpid/proxy/eventloop"
	"limpid/proxy/handover"
	"limpid/proxy/http1"
	"limpid/proxy/leg"
	"limpid/proxy/scoreboard"
)

// Worker is what the flows of one event loop share. Its methods are called on
// that loop's goroutine.
type Worker struct {
	loop     *eventloop.Loop
	pool     *leg.Pool
	settings Settings
	board    *scoreboard.Board
	active   *atomic.Int64 // flows of all workers
	log      *slog.Logger

	flows    []*Flow
	young    young
	draining bool

	scratch http1.Parser // for heads that are complete at once
	spare   []*partHead  // for those that are not
	slow    map[*Flow]time.Time
	ticker  *eventloop.Ticker // nil when heads may take for ever

	began    time.Time // what ticks are counted from
	tally    scoreboard.Tally
	recorder *accesslog.Recorder
	record   accesslog.Record // the one being made

	spareTransactions []*transaction
}

// NewWorker makes the worker of a loop. active counts the flows of all workers
// that share it; recorder, which may be nil, takes what is to be logged. Call it on the loop's goroutine, or before the loop runs.
func NewWorker(loop *eventloop.Loop, settings Settings, active *atomic.Int64, board *scoreboard.Board, recorder *accesslog.Recorder, log *slog.Logger) (*Worker, error) {
	pool, err := leg.NewPool(loop)
	if err != nil {
		return nil, err
	}
	w := &Worker{
		loop: loop, pool: pool, settings: settings.withDefaults(), board: board, active: active, log: log,
		slow: make(map[*Flow]time.Time), began: loop.Now(), recorder: recorder,
	}
	if every := w.settings.headInterval(); every > 0 {
		if w.ticker, err = loop.NewTicker(every, w.checkHeads); err != nil {
			return nil, err
		}
	}
	if err := loop.Every(youngTime, w.age); err != nil {
		return nil, err
	}
	if every := w.settings.sweepInterval(); every > 0 {
		if err := loop.Every(every, w.sweep); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// Take relays a flow that was handed over. It takes ownership of its sockets.
func (w *Worker) Take(h *handover.Flow) {
	w.board.Add(scoreboard.Taken, 1)
	w.active.Add(1)
	if h.Health {
		w.board.Add(scoreboard.HealthTaken, 1)
	}
	f := &Flow{worker: w, place: int32(len(w.flows))}
	w.flows = append(w.flows, f)
	if h.Unprobed {
		w.young.now = append(w.young.now, f)
	}
	if err := f.start(h); err != nil {
		w.log.Error("flow lost", "id", h.ID, "client", h.Client, "server", h.Server, "err", err)
		w.ended(f, leg.Cut)
	}
}

// ended forgets a flow whose sockets are gone.
func (w *Worker) ended(f *Flow, how leg.Ending) {
	if f.place < 0 {
		return
	}
	last := w.flows[len(w.flows)-1]
	w.flows[f.place], last.place = last, f.place
	w.flows[len(w.flows)-1] = nil
	w.flows = w.flows[:len(w.flows)-1]
	f.place = -1
	f.logEnd(how)
	w.putParser(&f.up)
	w.putParser(&f.down)
	f.stuck = false
	w.watchHead(f)

	w.active.Add(-1)
	w.board.Add(scoreboard.Ended, 1)
	if f.health {
		w.board.Add(scoreboard.HealthEnded, 1)
		return
	}
	switch how {
	case leg.ResetByClient, leg.ResetByUpstream, leg.Cut:
		w.board.Add(scoreboard.Resets, 1)
	case leg.Open, leg.Finished: // nothing went wrong
	case leg.UpstreamLost:
		w.board.Add(scoreboard.UpstreamLost, 1)
		w.log.Debug("upstream lost", "server", f.server, "err", f.pair.Cause())
	}
}

// Active is how many flows there are.
func (w *Worker) Active() int { return len(w.flows) }

// Flows describes all flows.
func (w *Worker) Flows() []Info {
	all := make([]Info, len(w.flows))
	for i, f := range w.flows {
		all[i] = f.Info()
	}
	return all
}

// Drain ends each flow orderly as soon as nothing is under way on it.
func (w *Worker) Drain() {
	w.draining = true
	for _, f := range slices.Backward(w.flows) {
		// A flow that ends swaps with one behind it, which was seen already.
		if f.idle() {
			w.ended(f, f.pair.Finish())
		}
	}
}

// Reset resets the flow with the given ID and reports whether there was one.
func (w *Worker) Reset(id uint64) bool {
	for _, f := range w.flows {
		if f.id == id {
			w.ended(f, f.pair.Cut())
			return true
		}
	}
	return false
}

// Cut resets all flows.
func (w *Worker) Cut() {
	for len(w.flows) > 0 {
		f := w.flows[len(w.flows)-1]
		w.ended(f, f.pair.Cut())
	}
}

// Close resets what is left and releases what the worker holds. The loop must
// not run any longer.
func (w *Worker) Close() {
	w.Cut()
	w.Flush()
	w.pool.Close()
}

// Flush carries the counts to the board, and the records to the log. Call it
// every now and then.
func (w *Worker) Flush() {
	w.tally.Flush(w.board)
	w.recorder.Flush()
}
