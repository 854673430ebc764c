package control

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// slow answers after the one who asked has gone away.
type slow struct {
	fake
	entered  chan struct{}
	answered bool
}

func (s *slow) Status(ctx context.Context) (Status, error) {
	close(s.entered)
	<-ctx.Done()
	time.Sleep(50 * time.Millisecond)
	s.answered = true
	return Status{}, nil
}

// What the answers are made of ends with the supervisor: it must not go on while somebody
// still looks at it.
func TestServeWaitsForItsAnswers(t *testing.T) {
	dir := t.TempDir()
	listener, err := Listen(t.Context(), dir, os.Getgid())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	behind := &slow{entered: make(chan struct{})}
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, listener, behind) }()
	client := NewClient(dir)
	defer client.Close()
	asked := make(chan error, 1)
	go func() {
		_, err := client.Status(t.Context())
		asked <- err
	}()
	<-behind.entered
	cancel()
	if err := <-served; err != nil || !behind.answered {
		t.Errorf("%v; the question is answered: %v", err, behind.answered)
	}
	if err := <-asked; err == nil {
		t.Error("an answer after the end")
	}
}

// A question that comes a moment later meets nothing that has ended.
func TestNobodyIsLetInAfterTheEnd(t *testing.T) {
	var a asked
	a.end()
	answer := httptest.NewRecorder()
	a.handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it is asked") })).
		ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/status", nil))
	if answer.Code != http.StatusInternalServerError || !strings.Contains(answer.Body.String(), "ask again") {
		t.Errorf("%d: %s", answer.Code, answer.Body)
	}
}
