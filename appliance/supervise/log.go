package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"limpid/appliance/child"
	"limpid/appliance/control"
	"limpid/proxy/scoreboard"
)

// Log implements control.Backend. A proxy that does not answer is a problem of
// the page, not an error: who follows the log goes on with the next proxy.
func (b backend) Log(ctx context.Context, query control.LogQuery) (control.LogPage, error) {
	page := control.LogPage{Records: []control.LogRecord{}, Cursor: query.After, Problems: []string{}}
	asking, cancel := context.WithTimeoutCause(ctx, askTimeout, errors.New("no answer in time"))
	defer cancel()
	var answer child.LogPage
	err := b.proxy.call(asking, child.MethodLog, child.LogQuery{Filter: query.Filter, After: query.After, Limit: query.Limit}, &answer)
	if err == nil && answer.Refused != "" {
		return page, control.Refuse(errors.New(answer.Refused))
	}
	if err == nil {
		err = json.Unmarshal(answer.Page, &page)
	}
	if err != nil {
		page = control.LogPage{Records: []control.LogRecord{}, Cursor: query.After, Problems: []string{fmt.Sprintf("ask proxy: %v", err)}}
	}
	page.Counts = b.logCounts()
	return page, nil
}

func (b backend) logCounts() control.LogCounts {
	board := b.sockets.proxyBoard
	return control.LogCounts{
		Records: board.Get(scoreboard.LogRecords), Dropped: board.Get(scoreboard.LogDropped),
		FileDropped: board.Get(scoreboard.LogFileDropped), SyslogDropped: board.Get(scoreboard.LogSyslogDropped),
	}
}
