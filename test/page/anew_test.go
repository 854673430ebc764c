package page

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"limpid/test/lab"
)

// guests look at the page without a pause, half of them over one connection each.
const guests = 8

// TestNobodyMissesAnAnswer has people look at the page while changes of the settings have
// its process, and limpid itself, start anew: they may wait, and all are answered.
func TestNobodyMissesAnAnswer(t *testing.T) {
	b := inline(t)
	owner := b.visitor(t, b.C1)
	b.awaitPage(t, owner, root)
	expect(t, owner, http.StatusSeeOther, "password", "password", password, "again", password)
	before := b.file(t)
	for _, change := range []struct{ name, text string }{
		{"its process", before + "[web]\nlisten = [\":443\", \":80\", \":8443\"]\n"},
		{"limpid", strings.Replace(before, "[management]", "[management]\ndns = [\"10.77.0.53\"]", 1)},
	} {
		t.Run(change.name, func(t *testing.T) {
			end := b.lookOn(t)
			for range 3 {
				b.anew(t, func() { expect(t, owner, http.StatusOK, "settings/apply", "text", change.text) })
				b.awaitPage(t, owner, root)
				b.anew(t, func() { expect(t, owner, http.StatusSeeOther, "settings/undo") })
				b.awaitPage(t, owner, root)
			}
			if answered := end(); answered < 100 {
				t.Errorf("%d looks: too few to have missed anything", answered)
			}
		})
	}
	if got := b.file(t); got != before {
		t.Errorf("the file is %q", got)
	}
}

// lookOn has guests look until end is called, which counts their answers.
func (b *box) lookOn(t *testing.T) (end func() int64) {
	t.Helper()
	var looking sync.WaitGroup
	var over atomic.Bool
	var answered atomic.Int64
	for i := range guests {
		from := []*lab.Node{b.C1, b.C2}[i%2]
		v := b.visitor(t, from)
		v.http.Timeout = patience
		looking.Go(func() {
			for !over.Load() {
				if i < guests/2 {
					v.http.CloseIdleConnections()
				}
				if err := look(t, v); err != nil {
					t.Errorf("a look at the page: %v", err)
					return
				}
				answered.Add(1)
			}
		})
	}
	end = func() int64 {
		over.Store(true)
		looking.Wait()
		return answered.Load()
	}
	t.Cleanup(func() { end() })
	return end
}

func look(t *testing.T, v *visitor) error {
	t.Helper()
	got, err := v.get(t.Context(), root)
	if err == nil && (got.code != http.StatusOK || strings.Contains(got.text, "UNKNOWN")) {
		err = fmt.Errorf("%d: %s", got.code, got.text)
	}
	return err
}
