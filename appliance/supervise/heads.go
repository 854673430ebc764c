package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"limpid/appliance/child"
	"limpid/appliance/control"
)

// Heads implements control.Backend. A proxy that does not answer is a problem of the
// answer, not an error: the next one has nothing recorded.
func (b backend) Heads(ctx context.Context, after uint64) (control.Heads, error) {
	h, err := b.askHeads(ctx, child.MethodHeads, child.HeadQuery{After: after})
	if err != nil {
		h = control.Heads{Heads: []control.HeadPair{}, Cursor: after, Problems: []string{err.Error()}}
	}
	return h, nil
}

// RecordHeads implements control.Backend.
func (b backend) RecordHeads(ctx context.Context, r control.HeadsRequest) (control.Heads, error) {
	h, err := b.askHeads(ctx, child.MethodHeadsBegin, child.HeadOrder{Filter: r.Filter, For: int64(r.For), Count: r.Count, Who: r.Who})
	if err == nil {
		b.Supervisor.Log.Info("heads are recorded", "who", r.Who, "filter", r.Filter, "until", h.Until)
	}
	return h, err
}

// StopHeads implements control.Backend.
func (b backend) StopHeads(ctx context.Context) (control.Heads, error) {
	return b.askHeads(ctx, child.MethodHeadsEnd, child.HeadEnd{})
}

// ForgetHeads implements control.Backend.
func (b backend) ForgetHeads(ctx context.Context) (control.Heads, error) {
	return b.askHeads(ctx, child.MethodHeadsEnd, child.HeadEnd{Forget: true})
}

// askHeads asks the proxy, who answers each question with the state afterwards.
func (b backend) askHeads(ctx context.Context, method string, question any) (control.Heads, error) {
	asking, cancel := context.WithTimeoutCause(ctx, askTimeout, errors.New("no answer in time"))
	defer cancel()
	h := control.Heads{}
	var answer child.LogPage
	err := b.proxy.call(asking, method, question, &answer)
	if err == nil && answer.Refused != "" {
		return h, control.Refuse(errors.New(answer.Refused))
	}
	if err == nil {
		err = json.Unmarshal(answer.Page, &h)
	}
	if err != nil {
		return h, fmt.Errorf("ask proxy: %w", err)
	}
	if h.Heads == nil {
		h.Heads = []control.HeadPair{}
	}
	h.Problems = []string{}
	return h, nil
}
