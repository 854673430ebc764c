package settings

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// bench is a store on a disk of its own, with a clock that the test sets.
type bench struct {
	*Store
	t    *testing.T
	path string
	now  time.Time
}

func newBench(t *testing.T, text string) *bench {
	t.Helper()
	b := &bench{t: t, path: filepath.Join(t.TempDir(), "limpid.toml"), now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	if text != "" {
		b.write(text)
	}
	if left := b.restart(); left != nil {
		t.Fatalf("a new disk has %+v", left)
	}
	return b
}

// restart opens the store again, as after a power cut.
func (b *bench) restart() *Version {
	b.t.Helper()
	s, left, err := Open(b.path, func() time.Time { return b.now })
	if err != nil {
		b.t.Fatal(err)
	}
	b.Store = s
	return left
}

// write is somebody with an editor.
func (b *bench) write(text string) {
	b.t.Helper()
	if err := os.WriteFile(b.path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) holds(text string) {
	b.t.Helper()
	if got, err := b.Text(); err != nil || got != text {
		b.t.Errorf("the settings are %q, %v, want %q", got, err, text)
	}
}

// past tells the outcomes of the history, the newest first.
func (b *bench) past(want string) {
	b.t.Helper()
	versions, err := b.History()
	if err != nil {
		b.t.Fatal(err)
	}
	var all []string
	for i, v := range versions {
		all = append(all, fmt.Sprintf("%s %s", v.Outcome, v.Text))
		if i > 0 && v.Number >= versions[i-1].Number {
			b.t.Errorf("version %d comes behind %d", v.Number, versions[i-1].Number)
		}
	}
	if got := strings.Join(all, ", "); got != want {
		b.t.Errorf("the history is %s, want %s", got, want)
	}
}

func (b *bench) begin(text string) string {
	b.t.Helper()
	_, token, err := b.Begin(Change{Text: text, Who: "10.0.0.1"}, DefaultWindow)
	if err != nil {
		b.t.Fatal(err)
	}
	return token
}

func TestConfirmed(t *testing.T) {
	b := newBench(t, "old")
	token := b.begin("new")
	b.holds("old")
	if p, ok := b.Pending(); !ok || p.Text != "new" || p.Who != "10.0.0.1" || !p.Until.Equal(b.now.Add(DefaultWindow)) || p.Left != DefaultWindow {
		t.Errorf("%+v, %v", p, ok)
	}
	if _, err := b.Confirm(token + "x"); !errors.Is(err, ErrToken) {
		t.Errorf("another token: %v", err)
	}
	if _, err := b.Confirm(""); !errors.Is(err, ErrToken) {
		t.Errorf("no token: %v", err)
	}
	b.now = b.now.Add(DefaultWindow - time.Second)
	if v, err := b.Confirm(token); err != nil || v.Outcome != Kept || v.Number != 2 || !v.Time.Equal(b.now) {
		t.Errorf("%+v, %v", v, err)
	}
	b.holds("new")
	if _, err := b.Confirm(token); !errors.Is(err, ErrNone) {
		t.Errorf("twice: %v", err)
	}
	if _, err := b.Undo(Undone); !errors.Is(err, ErrNone) {
		t.Errorf("undone after it: %v", err)
	}
	b.past("kept new, found old")
	if left := b.restart(); left != nil {
		t.Errorf("after a restart there is %+v", left)
	}
	b.holds("new")
}

// Somebody with an editor, while a change waits: that is in the history, and not lost unseen.
func TestEditedInATrial(t *testing.T) {
	b := newBench(t, "old")
	token := b.begin("new")
	b.write("edited")
	if v, err := b.Confirm(token); err != nil || v.Outcome != Kept {
		t.Errorf("%+v, %v", v, err)
	}
	b.holds("new")
	b.past("kept new, found edited")
}

// Where only the history cannot be written the settings are kept, and that is said.
func TestKeptWithoutAHistory(t *testing.T) {
	b := newBench(t, "")
	token := b.begin("new")
	if err := os.WriteFile(b.path+".history", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if v, err := b.Confirm(token); err == nil || v.Number == 0 {
		t.Errorf("%+v, %v", v, err)
	}
	b.holds("new")
	if _, ok := b.Pending(); ok {
		t.Error("it still waits to be confirmed")
	}
}

func TestGivenUp(t *testing.T) {
	for _, outcome := range []Outcome{Unconfirmed, Undone, Failed} {
		b := newBench(t, "old")
		token := b.begin("new")
		if v, err := b.Undo(outcome); err != nil || v.Outcome != outcome || v.Text != "new" || v.Who != "10.0.0.1" {
			t.Errorf("%+v, %v", v, err)
		}
		if _, err := b.Confirm(token); !errors.Is(err, ErrNone) {
			t.Errorf("confirmed after it: %v", err)
		}
		b.holds("old")
		b.past(string(outcome) + " new")
		if left := b.restart(); left != nil {
			t.Errorf("after a restart there is %+v", left)
		}
	}
}

func TestTooLate(t *testing.T) {
	b := newBench(t, "old")
	token := b.begin("new")
	b.now = b.now.Add(DefaultWindow)
	if _, err := b.Confirm(token); !errors.Is(err, ErrNone) {
		t.Errorf("at the end of the time: %v", err)
	}
	b.holds("old")
}

// The box may lose its power at any moment of a trial, and after it was confirmed.
func TestRestartInATrial(t *testing.T) {
	b := newBench(t, "old")
	token := b.begin("new")
	if left := b.restart(); left == nil || left.Outcome != Restarted || left.Text != "new" {
		t.Errorf("left is %+v", left)
	}
	b.holds("old")
	if _, err := b.Confirm(token); !errors.Is(err, ErrNone) {
		t.Errorf("confirmed after it: %v", err)
	}
	b.past("restarted new")
	// Confirmed, and cut off before that was written down.
	b.begin("newer")
	b.write("newer")
	if left := b.restart(); left == nil || left.Outcome != Kept {
		t.Errorf("left is %+v", left)
	}
	b.holds("newer")
	b.past("kept newer, restarted new")
	// Not from here.
	for _, text := range []string{"", "{", `{"text": 1}`, "\x00"} {
		if err := os.WriteFile(b.path+".trial", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if left := b.restart(); left != nil {
			t.Errorf("%q: left is %+v", text, left)
		}
		b.holds("newer")
		if _, err := os.Stat(b.path + ".trial"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%q stays: %v", text, err)
		}
	}
}

func TestCommit(t *testing.T) {
	b := newBench(t, "")
	b.holds("")
	if v, err := b.Commit(Change{Text: "first", Note: "set up"}); err != nil || v.Number != 1 || v.Note != "set up" {
		t.Errorf("%+v, %v", v, err)
	}
	if _, err := b.Commit(Change{Text: "second", Base: Digest("another")}); !errors.Is(err, ErrChanged) {
		t.Errorf("an old base: %v", err)
	}
	if _, err := b.Commit(Change{Text: "second", Base: Digest("first")}); err != nil {
		t.Error(err)
	}
	b.holds("second")
	// Somebody has an editor: what was there is not lost.
	b.write("by hand")
	if _, err := b.Commit(Change{Text: "third"}); err != nil {
		t.Error(err)
	}
	b.past("kept third, found by hand, kept second, kept first")
	info, err := os.Stat(b.path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// One change at a time, whichever way it comes.
func TestOneAtATime(t *testing.T) {
	b := newBench(t, "old")
	b.begin("new")
	if _, _, err := b.Begin(Change{Text: "newer"}, DefaultWindow); !errors.Is(err, ErrPending) {
		t.Errorf("a second trial: %v", err)
	}
	if _, err := b.Commit(Change{Text: "newer"}); !errors.Is(err, ErrPending) {
		t.Errorf("a change beside it: %v", err)
	}
	if _, err := b.Undo(Undone); err != nil {
		t.Error(err)
	}
	for _, window := range []time.Duration{0, MinWindow - 1, MaxWindow + 1} {
		if _, _, err := b.Begin(Change{Text: "newer"}, window); err == nil {
			t.Errorf("a trial of %v", window)
		}
	}
	if _, _, err := b.Begin(Change{Text: "newer", Base: Digest("new")}, DefaultWindow); !errors.Is(err, ErrChanged) {
		t.Errorf("an old base: %v", err)
	}
	var begun atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, _, err := b.Begin(Change{Text: "newer"}, MinWindow); err == nil {
				begun.Add(1)
			} else if !errors.Is(err, ErrPending) {
				t.Error(err)
			}
		})
	}
	if all.Wait(); begun.Load() != 1 {
		t.Errorf("%d of 8 at once began", begun.Load())
	}
}

func TestHistoryIsBounded(t *testing.T) {
	b := newBench(t, "")
	for i := range MaxVersions + 5 {
		if _, err := b.Commit(Change{Text: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	// One that cannot be read does not hide the others.
	if err := os.WriteFile(b.path+".history/000020.json", []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b.path+".history/notes.txt", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	versions, err := b.History()
	if err != nil || len(versions) != MaxVersions-1 || versions[0].Text != fmt.Sprint(MaxVersions+4) || versions[len(versions)-1].Number != 6 {
		t.Errorf("%d versions, %v, the first is %+v", len(versions), err, versions[0])
	}
	if b.restart() != nil {
		t.Error("there was no trial")
	}
	if v, err := b.Commit(Change{Text: "next"}); err != nil || v.Number != MaxVersions+6 {
		t.Errorf("%+v, %v", v, err)
	}
}

// A disk that takes no more leaves the settings, and no trial.
func TestFullDisk(t *testing.T) {
	b := newBench(t, "old")
	if err := os.RemoveAll(filepath.Dir(b.path)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Begin(Change{Text: "new"}, DefaultWindow); err == nil {
		t.Error("a trial that lies nowhere")
	}
	if _, ok := b.Pending(); ok {
		t.Error("it waits to be confirmed")
	}
	if _, err := b.Commit(Change{Text: "new"}); err == nil {
		t.Error("a change that lies nowhere")
	}
}
