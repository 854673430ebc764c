package proxy

import (
	"limpid/proxy/accesslog"
	"limpid/proxy/scoreboard"
)

// Log is the access log, for questions. Any goroutine may ask.
func (p *Proxy) Log() *accesslog.Log { return p.access }

// countLog carries the log's counts to the board. The first loop calls it, and
// Run when the loops have ended.
func (p *Proxy) countLog() {
	p.access.Heads().Age()
	now, was := p.access.Counts(), p.logged
	p.logged = now
	for _, c := range [...]struct {
		cell scoreboard.Cell
		n    uint64
	}{
		{scoreboard.LogRecords, now.Taken - was.Taken},
		{scoreboard.LogDropped, now.Dropped - was.Dropped},
		{scoreboard.LogFileDropped, now.FileDropped - was.FileDropped},
		{scoreboard.LogSyslogDropped, now.SyslogDropped - was.SyslogDropped},
	} {
		if c.n > 0 {
			p.sockets.Board.Add(c.cell, c.n)
		}
	}
}
