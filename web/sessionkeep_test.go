package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// handOver gives what a page hands on, over the link, to another one.
func handOver(t *testing.T, from, to *sessions) string {
	t.Helper()
	text, err := json.Marshal(from.handed())
	if err != nil {
		t.Fatal(err)
	}
	var all []Session
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	to.adopt(all)
	return string(text)
}

// Who has logged in stays so with the next process, for as long as before.
func TestSessionsAreHandedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := newSessions(time.Now)
		quiet, busy := begun(t, first), begun(t, first)
		time.Sleep(10 * time.Hour)
		if !first.valid(busy, "hash") {
			t.Fatal("ended early")
		}
		second := newSessions(time.Now)
		text := handOver(t, first, second)
		for _, r := range []*http.Request{quiet, busy} {
			cookie, err := r.Cookie(cookieName)
			if err != nil || strings.Contains(text, cookie.Value) {
				t.Errorf("what the cookie says is handed on: %v, %s", err, text)
			}
		}
		if got, want := second.list(busy, []holder{of("hash")}), first.list(busy, []holder{of("hash")}); fmt.Sprint(got) != fmt.Sprint(want) || len(got) != 2 {
			t.Errorf("%+v, want %+v", got, want)
		}
		if second.valid(busy, "another hash") {
			t.Error("valid with another password")
		}
		third := newSessions(time.Now)
		handOver(t, first, third)
		time.Sleep(3 * time.Hour)
		if third.valid(quiet, "hash") || !third.valid(busy, "hash") {
			t.Error("12 hours without use have begun anew, or are over too soon")
		}
	})
}

func TestHandedOnSessionsAreBounded(t *testing.T) {
	s := newSessions(time.Now)
	var all []Session
	for i := range 3 * maxSessions {
		key := strings.Repeat("00", 31) + string("0123456789abcdef"[i/16%16]) + string("0123456789abcdef"[i%16])
		all = append(all, Session{Key: key, Begun: time.Now(), Seen: time.Now(), Full: i%2 == 0, Hash: "hash", Agent: strings.Repeat("a", 10*maxAgent)})
	}
	all = append(all, Session{}, Session{Key: "00", Hash: "hash"}, Session{Key: strings.Repeat("zz", 32), Hash: "hash"}, Session{Key: strings.Repeat("ab", 32)})
	s.adopt(all)
	if len(s.all) != 2*maxSessions {
		t.Errorf("%d are taken over", len(s.all))
	}
	for _, one := range s.all {
		if len(one.agent) != maxAgent || one.hash != "hash" {
			t.Errorf("%+v", one)
		}
	}
}

// It is told when somebody comes or goes, now and then while they are there, and at the
// end; strangers have nothing told.
func TestSessionsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPage(t, whole())
		p.sessions = newSessions(time.Now)
		ctx, stop := context.WithCancel(t.Context())
		var told []int
		var telling sync.WaitGroup
		telling.Go(func() {
			p.HandOn(ctx, func(all []Session) error {
				told = append(told, len(all))
				return errors.New("nobody listens")
			})
		})
		want := func(counts ...int) {
			t.Helper()
			synctest.Wait()
			if !slices.Equal(told, counts) {
				t.Errorf("told %v, want %v", told, counts)
			}
		}
		want()
		r := begun(t, p.sessions)
		want(1)
		p.sessions.valid(r, "hash")
		want(1)
		time.Sleep(toldEvery)
		p.sessions.valid(r, "hash")
		want(1, 1)
		stranger := r.Clone(t.Context())
		stranger.Header.Set("Cookie", cookieName+"=a guess")
		p.sessions.end(discard{}, stranger)
		want(1, 1)
		p.sessions.end(discard{}, r)
		want(1, 1, 0)
		stop()
		telling.Wait()
		want(1, 1, 0, 0)
	})
}

// discard is an answer that nobody reads.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

// A page that is given sessions lets them in.
func TestPageTakesSessionsOver(t *testing.T) {
	b := whole()
	p := newPage(t, b)
	v := owner(t, p)
	s := settings(t)
	s.Sessions = p.sessions.handed()
	next, err := New(s, b, p.log)
	if err != nil {
		t.Fatal(err)
	}
	v.handler = next.Handler()
	if got := v.get("/access"); got.StatusCode != http.StatusOK || !strings.Contains(got.text, "you") {
		t.Errorf("%s", got.Status)
	}
	if text, err := json.Marshal(s); err != nil || strings.Contains(string(text), s.Sessions[0].Key) {
		t.Errorf("settings carry them by themselves: %v", err)
	}
}
