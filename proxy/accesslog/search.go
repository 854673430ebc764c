package accesslog

import "slices"

// found is what a search of the ring found.
type found struct {
	entries []Entry
	last    uint64 // the number of the last record looked at
	missed  uint64
}

// after looks for records with numbers above a given one, from the oldest on,
// until there are limit of them.
func (r *ring) after(f *Filter, after uint64, limit int) found {
	r.mu.Lock()
	defer r.mu.Unlock()
	result := found{entries: []Entry{}, last: min(after, r.next-1)}
	if first := r.first(); after+1 < first {
		result.missed = first - after - 1
		result.last = first - 1
	}
	size := 0
	var record Record
	for _, s := range r.segments {
		if s.first+s.records <= result.last {
			continue
		}
		number := s.first
		for rest := s.bytes[:s.used]; len(rest) > 0; number++ {
			n := packedLen(rest)
			if number > result.last {
				record.unpack(rest[:n])
				if f.match(&record) {
					if size += n; len(result.entries) == limit || size > pageBytes && len(result.entries) > 0 {
						return result
					}
					result.entries = append(result.entries, record.entry())
				}
				result.last = number
			}
			rest = rest[n:]
		}
	}
	return result
}

// newest looks for the newest records, limit of them at most.
func (r *ring) newest(f *Filter, limit int) found {
	r.mu.Lock()
	defer r.mu.Unlock()
	result := found{entries: []Entry{}, last: r.next - 1}
	size := 0
	var record Record
	var places []int
	for _, s := range slices.Backward(r.segments) {
		// Records can only be walked forward: first where they are, then back.
		places = places[:0]
		for at := 0; at < s.used; at += packedLen(s.bytes[at:]) {
			places = append(places, at)
		}
		for _, at := range slices.Backward(places) {
			n := packedLen(s.bytes[at:])
			record.unpack(s.bytes[at : at+n])
			if !f.match(&record) {
				continue
			}
			if size += n; len(result.entries) == limit || size > pageBytes && len(result.entries) > 0 {
				slices.Reverse(result.entries)
				return result
			}
			result.entries = append(result.entries, record.entry())
		}
	}
	slices.Reverse(result.entries)
	return result
}

// first is the number of the oldest record in memory, or of the next one.
func (r *ring) first() uint64 {
	if len(r.segments) == 0 {
		return r.next
	}
	return r.segments[0].first
}
