package accesslog

// Counts is what became of records since the log was made.
type Counts struct {
	Taken         uint64 // handed over by the event loops
	Dropped       uint64 // not even that: the log was too slow for them
	FileDropped   uint64 // of those taken, not written to a file
	SyslogDropped uint64 // of those taken, not sent to the collector
}

// Counts is what became of records so far.
func (l *Log) Counts() Counts {
	c := Counts{Taken: l.taken.Load(), Dropped: l.dropped.Load()}
	for _, q := range l.queues {
		if _, ok := q.output.(*file); ok {
			c.FileDropped = q.dropped.Load()
		} else {
			c.SyslogDropped = q.dropped.Load()
		}
	}
	return c
}

// Problems says in one line each what does not work now.
func (l *Log) Problems() []string {
	problems := []string{}
	for _, q := range l.queues {
		if p := q.problem.Load(); p != nil {
			problems = append(problems, *p)
		}
	}
	return problems
}
