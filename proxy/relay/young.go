package relay

import "time"

// youngTime is how long a flow is young. Most flows end before they need what
// only an old one does.
const youngTime = time.Second

// young are the flows whose upstream socket does not look for a dead peer yet:
// those of this youngTime, and those of the one before.
type young struct{ now, before []*Flow }

// age sets up keepalive on the flows that have outlived their youth.
func (w *Worker) age() {
	for i, f := range w.young.before {
		w.young.before[i] = nil
		if f.place < 0 {
			continue
		}
		if err := f.pair.Probe(); err != nil {
			w.log.Debug("flow without keepalive", "id", f.id, "err", err)
		}
	}
	w.young.now, w.young.before = w.young.before[:0], w.young.now
}
