package supervise

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"limpid/appliance/child"
)

// What the page has said is for the next one if that is meant to follow, and for nobody
// else.
func TestSessionsAreCarried(t *testing.T) {
	said := json.RawMessage(`[{"key":"00"}]`)
	for _, row := range []struct {
		name  string
		after func(*Carried)
		want  json.RawMessage
	}{
		{"ended on purpose", func(*Carried) {}, said},
		{"asked for twice", func(c *Carried) { c.handedOn() }, said},
		{"crashed", (*Carried).forget, nil},
		{"crashed after one that was ended on purpose", func(c *Carried) { c.handedOn(); c.forget() }, nil},
		{"said too much", func(c *Carried) {
			if _, err := c.keep(json.RawMessage(`"` + strings.Repeat("x", child.MaxSessions) + `"`)); err == nil {
				t.Error("any amount is kept")
			}
		}, said},
	} {
		c := newCarried("")
		own := bytes.Clone(said)
		if _, err := c.keep(own); err != nil {
			t.Fatal(err)
		}
		own[3] = '_' // it is the link's
		row.after(c)
		if got := c.handedOn(); string(got) != string(row.want) {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

// Whoever asks how the page is while its process ends takes nothing from the one after it.
func TestStatusTakesNothing(t *testing.T) {
	c := newCarried("")
	said := json.RawMessage(`[{"key":"00"}]`)
	if _, err := c.keep(said); err != nil {
		t.Fatal(err)
	}
	p := &page{carried: c, store: c.store, keeper: &keeper{}}
	if _, err := p.status(nil); err != nil {
		t.Fatal(err)
	}
	if p.serves() {
		t.Error("nothing listens")
	}
	if got := p.told().HandedOn; string(got) != string(said) {
		t.Errorf("%s, want %s", got, said)
	}
}
