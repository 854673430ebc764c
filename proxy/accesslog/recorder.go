package accesslog

// Recorder takes the records of one event loop, on that loop's goroutine. A nil
// Recorder takes none.
type Recorder struct {
	log   *Log
	block *block // being filled; nil when there was nothing to record since Flush
}

// Record copies r. It neither waits nor allocates, but for the few whose heads are
// recorded; what finds no room is dropped and counted.
func (r *Recorder) Record(record *Record) {
	if r == nil {
		return
	}
	if h := record.Heads; h != nil {
		record.HeadsID = r.log.heads.keep(h, record)
	}
	b := r.block
	if b == nil || len(b.bytes)-b.used < maxPacked {
		if b = r.next(); b == nil {
			r.log.dropped.Add(1)
			return
		}
	}
	b.used += record.pack(b.bytes[b.used:])
	b.records++
}

// next hands the full block over and takes an empty one.
func (r *Recorder) next() *block {
	r.Flush()
	r.block = r.log.pool.get()
	return r.block
}

// Flush hands over what was recorded. Call it every 100 ms or so, and when the
// loop has ended.
func (r *Recorder) Flush() {
	if r == nil || r.block == nil {
		return
	}
	r.log.pool.full <- r.block // never waits: there is room for all
	r.block = nil
}
