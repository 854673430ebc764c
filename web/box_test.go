package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"limpid/appliance/control"
)

func (b *box) SetReader(_ context.Context, change control.PasswordChange) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if change.Old != b.reader {
		return control.Refuse(errors.New("set password: it has been set meanwhile"))
	}
	b.reader = change.New
	return b.err
}

func (b *box) Tokens(context.Context) (control.TokenList, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return control.TokenList{Tokens: slices.Clone(b.tokens)}, b.err
}

func (b *box) AddToken(_ context.Context, request control.TokenRequest) (control.Token, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if slices.ContainsFunc(b.tokens, func(t control.Token) bool { return t.Name == request.Name }) {
		return control.Token{}, control.Refuse(errors.New("another one has that name"))
	}
	t := control.Token{ID: request.Digest[:12], Name: request.Name, Scope: request.Scope, Digest: request.Digest, Made: time.Now()}
	b.tokens = append(b.tokens, t)
	return t, b.err
}

func (b *box) RemoveToken(_ context.Context, id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := len(b.tokens)
	b.tokens = slices.DeleteFunc(b.tokens, func(t control.Token) bool { return t.ID == id })
	if len(b.tokens) == before {
		return control.Refuse(errors.New("no such token, or no longer"))
	}
	return b.err
}

func (b *box) UseToken(_ context.Context, id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used = append(b.used, id)
	return b.err
}

// Pass asks the real API of this box.
func (b *box) Pass(ctx context.Context, call control.Call) (*http.Response, error) {
	if b.client != nil {
		return b.client.Pass(ctx, call)
	}
	request, err := http.NewRequestWithContext(ctx, call.Method, "http://limpid"+call.Path, call.Body)
	if err != nil {
		return nil, err
	}
	request.ContentLength = call.Length
	w := timed{httptest.NewRecorder()}
	control.Handler(behind{b}).ServeHTTP(w, request)
	return w.Result(), nil
}

// timed is a recorder that takes deadlines, as a connection does.
type timed struct{ *httptest.ResponseRecorder }

func (timed) SetReadDeadline(time.Time) error { return nil }

func (timed) SetWriteDeadline(time.Time) error { return nil }

// behind is the box as the control API asks it.
type behind struct{ *box }

func (b behind) SetBypass(ctx context.Context, on bool, d time.Duration) error {
	_, err := b.box.SetBypass(ctx, on, d)
	return err
}

func (behind) Rules(context.Context) (control.RuleList, error) { return control.RuleList{}, nil }

func (behind) Metrics(_ context.Context, w io.Writer) error {
	_, err := io.WriteString(w, "limpid_problems 0\n")
	return err
}

func (b behind) Update(context.Context) (control.Update, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return control.Update{Phase: control.UpdateIdle, Bundle: control.BundleInfo{Received: b.received}}, nil
}

func (b behind) Upload(_ context.Context, upload control.Upload, body io.Reader) error {
	if upload.SHA256 == "bad" {
		return control.Refuse(errors.New("this is no bundle"))
	}
	n, err := io.Copy(io.Discard, body)
	b.set(func(b *box) { b.received += n })
	return err
}

func (b behind) GoBack(context.Context) error { return b.note("back") }

func (b behind) Reboot(context.Context) error { return b.note("reboot") }

func (b behind) PlanReboot(_ context.Context, at time.Time) error {
	return b.note("plan " + at.UTC().Format(time.RFC3339))
}

func (b behind) BeginDrill(_ context.Context, request control.DrillRequest) error {
	b.set(func(b *box) { b.struck = append(b.struck, request) })
	return nil
}

func (b behind) note(what string) error {
	b.set(func(b *box) { b.did = append(b.did, what) })
	return nil
}
