package main

import (
	"encoding/json"
	"fmt"
	"time"

	"limpid/appliance/child"
	"limpid/appliance/link"
	"limpid/proxy/accesslog"
)

// logAnswer is control.LogPage without what the supervisor adds.
type logAnswer struct {
	accesslog.Page
	Problems []string `json:"problems"`
}

// answerLog makes the handler of child.MethodLog. It looks through memory only,
// a few milliseconds of work at most.
func answerLog(log *accesslog.Log) link.Handler {
	return func(params json.RawMessage) (any, error) {
		var query child.LogQuery
		if err := json.Unmarshal(params, &query); err != nil {
			return nil, fmt.Errorf("read %s: %w", child.MethodLog, err)
		}
		page, refused := searchLog(log, query)
		if refused != "" {
			return child.LogPage{Refused: refused}, nil
		}
		text, err := json.Marshal(logAnswer{page, log.Problems()})
		if err != nil {
			return nil, fmt.Errorf("encode log page: %w", err)
		}
		return child.LogPage{Page: text}, nil
	}
}

// answerTop makes the handler of child.MethodTop.
func answerTop(log *accesslog.Log) link.Handler {
	return func(params json.RawMessage) (any, error) {
		var query child.TopQuery
		if err := json.Unmarshal(params, &query); err != nil {
			return nil, fmt.Errorf("read %s: %w", child.MethodTop, err)
		}
		top, refused := rank(log, query)
		if refused != "" {
			return child.LogPage{Refused: refused}, nil
		}
		text, err := json.Marshal(top)
		if err != nil {
			return nil, fmt.Errorf("encode rankings: %w", err)
		}
		return child.LogPage{Page: text}, nil
	}
}

// rank gives rankings, or says what is wrong with the query.
func rank(log *accesslog.Log, query child.TopQuery) (top accesslog.Top, refused string) {
	top, err := log.Top(query.Limit)
	if err != nil {
		return top, err.Error()
	}
	return top, ""
}

// searchLog gives a page, or says what is wrong with the query.
func searchLog(log *accesslog.Log, query child.LogQuery) (page accesslog.Page, refused string) {
	filter, err := accesslog.ParseFilter(query.Filter, time.Now())
	if err == nil {
		page, err = log.Query(accesslog.Query{Filter: filter, After: query.After, Limit: min(query.Limit, accesslog.MaxPage)})
	}
	if err != nil {
		return page, err.Error()
	}
	return page, ""
}
