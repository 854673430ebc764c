package main

import (
	"encoding/json"
	"fmt"
	"time"

	"limpid/appliance/child"
	"limpid/appliance/link"
	"limpid/proxy/accesslog"
)

// answerHeads makes the handler of child.MethodHeads.
func answerHeads(heads *accesslog.HeadLog) link.Handler {
	return func(params json.RawMessage) (any, error) {
		var query child.HeadQuery
		if err := json.Unmarshal(params, &query); err != nil {
			return nil, fmt.Errorf("read %s: %w", child.MethodHeads, err)
		}
		return headPage(heads.Query(query.After))
	}
}

// answerHeadsBegin makes the handler of child.MethodHeadsBegin.
func answerHeadsBegin(heads *accesslog.HeadLog) link.Handler {
	return func(params json.RawMessage) (any, error) {
		var order child.HeadOrder
		if err := json.Unmarshal(params, &order); err != nil {
			return nil, fmt.Errorf("read %s: %w", child.MethodHeadsBegin, err)
		}
		err := heads.Begin(accesslog.HeadOrder{Filter: order.Filter, For: time.Duration(order.For), Count: order.Count, Who: order.Who})
		if err != nil {
			return child.LogPage{Refused: err.Error()}, nil //nolint:nilerr // it is the asker's to mend
		}
		return headPage(heads.Query(0))
	}
}

// answerHeadsEnd makes the handler of child.MethodHeadsEnd.
func answerHeadsEnd(heads *accesslog.HeadLog) link.Handler {
	return func(params json.RawMessage) (any, error) {
		var end child.HeadEnd
		if err := json.Unmarshal(params, &end); err != nil {
			return nil, fmt.Errorf("read %s: %w", child.MethodHeadsEnd, err)
		}
		if end.Forget {
			heads.Forget()
		} else {
			heads.Stop()
		}
		page := heads.Query(0)
		page.Heads, page.Cursor = nil, 0
		return headPage(page)
	}
}

func headPage(page accesslog.HeadPage) (any, error) {
	text, err := json.Marshal(page)
	if err != nil {
		return nil, fmt.Errorf("encode heads: %w", err)
	}
	return child.LogPage{Page: text}, nil
}
