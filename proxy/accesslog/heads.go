package accesslog

// Heads are the heads of a transaction under way that is recorded with them. They are
// its event loop's until the record is taken.
type Heads struct {
	session           *headSession
	request, response keptHead
	cost              int64
}

// keptHead is the beginning of a head, as it crossed.
type keptHead struct {
	bytes []byte // at most MaxHead of them
	whole int    // bytes of all of it; 0: there was none
}

// Recording reports whether heads are recorded by anybody. It is one load.
func (r *Recorder) Recording() bool { return r != nil && r.log.heads.on.Load() != nil }

// Begin keeps the head of a request, if a recording may want it by what is known of the
// record; nil if not, or where there is no room.
func (r *Recorder) Begin(record *Record, head []byte) *Heads {
	s := r.log.heads.on.Load()
	if s == nil || record.Started >= s.until || !s.filter.begins(record) {
		return nil
	}
	h := &Heads{session: s}
	if !h.take(&h.request, head, headCost) {
		return nil
	}
	return h
}

// Response keeps the head of the final response. Where there is no room for it the
// record has none.
func (h *Heads) Response(head []byte) { h.take(&h.response, head, 0) }

func (h *Heads) take(to *keptHead, head []byte, beside int64) bool {
	kept := head[:min(len(head), MaxHead)]
	cost := int64(len(kept)) + beside
	if h.session.held.Add(cost) > maxHeadBytes {
		h.session.held.Add(-cost)
		h.session.missed.Add(1)
		return false
	}
	h.cost += cost
	*to = keptHead{append([]byte(nil), kept...), len(head)}
	return true
}
