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

// LogTop implements control.Backend, in the same way.
func (b backend) LogTop(ctx context.Context, limit int) (control.LogTop, error) {
	asking, cancel := context.WithTimeoutCause(ctx, askTimeout, errors.New("no answer in time"))
	defer cancel()
	top := control.LogTop{}
	var answer child.LogPage
	err := b.proxy.call(asking, child.MethodTop, child.TopQuery{Limit: limit}, &answer)
	if err == nil && answer.Refused != "" {
		return top, control.Refuse(errors.New(answer.Refused))
	}
	if err == nil {
		err = json.Unmarshal(answer.Page, &top)
	}
	top.Problems = []string{}
	if err != nil {
		top = control.LogTop{Problems: []string{fmt.Sprintf("ask proxy: %v", err)}}
	}
	for _, r := range []*control.Ranking{&top.Sites, &top.Clients} {
		if r.ByRequests == nil {
			*r = control.Ranking{ByRequests: []control.Rank{}, ByBytes: []control.Rank{}}
		}
	}
	return top, nil
}

func (b backend) logCounts() control.LogCounts {
	board := b.sockets.proxyBoard
	return control.LogCounts{
		Records: board.Get(scoreboard.LogRecords), Dropped: board.Get(scoreboard.LogDropped),
		FileDropped: board.Get(scoreboard.LogFileDropped), SyslogDropped: board.Get(scoreboard.LogSyslogDropped),
	}
}
