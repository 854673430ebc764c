package history

import (
	"reflect"
	"testing"
	"time"
)

// noon is where the tests begin: at the start of all steps.
var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func counts(t *testing.T, h *History, span Span, now time.Time) (all [][]uint64, first time.Time) {
	t.Helper()
	points, _, err := h.Points(span, now)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range points {
		if i == 0 {
			first = p.At
		} else if !p.At.After(points[i-1].At) {
			t.Errorf("%v comes after %v", p.At, points[i-1].At)
		}
		all = append(all, p.Counts)
	}
	return all, first
}

func TestFeed(t *testing.T) {
	h := New([]string{"bytes", "requests"})
	now := noon
	for _, totals := range [][]uint64{{1000, 7}, {1500, 8}, {1500, 8}, {2500, 20}, {300, 21}} { // at last bytes start anew
		h.Feed(now, totals)
		now = now.Add(time.Second)
	}
	now = now.Add(-time.Second)
	got, first := counts(t, h, Minutes, now)
	if want := [][]uint64{{0, 0}, {500, 1}, {0, 0}, {1000, 12}, {300, 1}}; !reflect.DeepEqual(got, want) || !first.Equal(noon) {
		t.Errorf("by seconds from %v: %v, want %v", first, got, want)
	}
	for _, span := range []Span{Day, Week} {
		got, first := counts(t, h, span, now)
		if want := [][]uint64{{1800, 14}}; !reflect.DeepEqual(got, want) || !first.Equal(noon) {
			t.Errorf("%s from %v: %v, want %v", span, first, got, want)
		}
	}
	// A pause leaves no points, and the next feed counts for the step it is in.
	now = noon.Add(2 * time.Minute)
	h.Feed(now, []uint64{400, 21})
	got, _ = counts(t, h, Day, now)
	if want := [][]uint64{{1800, 14}, {100, 0}}; !reflect.DeepEqual(got, want) {
		t.Errorf("by minutes: %v, want %v", got, want)
	}
	if _, _, err := h.Points("1y", now); err == nil {
		t.Error("a year")
	}
}

func TestSpansEnd(t *testing.T) {
	h := New([]string{"n"})
	for i := range 700 {
		h.Feed(noon.Add(time.Duration(i)*time.Second), []uint64{uint64(i)})
	}
	now := noon.Add(699 * time.Second)
	got, first := counts(t, h, Minutes, now)
	if len(got) != 600 || !first.Equal(noon.Add(100*time.Second)) {
		t.Errorf("%d points from %v", len(got), first)
	}
	// All of it is too old.
	if got, _ := counts(t, h, Minutes, now.Add(time.Hour)); len(got) != 0 {
		t.Errorf("%d points of an hour ago", len(got))
	}
	if got, _ := counts(t, h, Day, now.Add(23*time.Hour)); len(got) != 12 {
		t.Errorf("%d points of a day ago", len(got))
	}
	if got, _ := counts(t, h, Day, now.Add(25*time.Hour)); len(got) != 0 {
		t.Errorf("%d points of more than a day ago", len(got))
	}
	// The clock goes back: the time that comes again is counted anew.
	h.Feed(noon.Add(650*time.Second), []uint64{1000})
	got, _ = counts(t, h, Minutes, noon.Add(650*time.Second))
	if last := got[len(got)-1][0]; last != 1+301 {
		t.Errorf("the second that comes again has %d", last)
	}
}

func TestKeptOverARestart(t *testing.T) {
	names := []string{"bytes", "requests"}
	h := New(names)
	for i := range 300 {
		h.Feed(noon.Add(time.Duration(i)*time.Minute), []uint64{uint64(i * 10), uint64(i)})
	}
	now := noon.Add(299 * time.Minute)
	file := h.Marshal()
	back := New(names)
	if err := back.Unmarshal(file, now); err != nil {
		t.Fatal(err)
	}
	for _, span := range []Span{Day, Week} {
		want, _ := counts(t, h, span, now)
		if got, _ := counts(t, back, span, now); !reflect.DeepEqual(got, want) || len(got) == 0 {
			t.Errorf("%s: %v, want %v", span, got, want)
		}
	}
	// What was counted since is not lost to what comes from the disk, nor that to it.
	late := New(names)
	late.Feed(now, []uint64{5, 5})
	late.Feed(now, []uint64{8, 8})
	if err := late.Unmarshal(file, now); err != nil {
		t.Fatal(err)
	}
	got, _ := counts(t, late, Day, now)
	if len(got) != 300 || got[299][0] != 3 || got[298][0] != 10 {
		t.Errorf("%d points, at last %v", len(got), got[len(got)-2:])
	}
	// Points of a time to come were written by a clock that was fast.
	early := New(names)
	if err := early.Unmarshal(file, noon); err != nil {
		t.Fatal(err)
	}
	if got, _ := counts(t, early, Day, now); len(got) != 1 {
		t.Errorf("%d points", len(got))
	}
}

func TestFilesThatAreNone(t *testing.T) {
	h := New([]string{"n"})
	h.Feed(noon, []uint64{1})
	file := h.Marshal()
	damaged := append([]byte(nil), file...)
	damaged[len(damaged)/2] ^= 1
	for name, b := range map[string][]byte{
		"nothing": nil, "text": []byte("limpid"), "short": file[:len(file)-1], "long": append(append([]byte(nil), file...), 0), "damaged": damaged,
		"other names": New([]string{"m"}).Marshal(), "more names": New([]string{"n", "m"}).Marshal(),
	} {
		back := New([]string{"n"})
		if err := back.Unmarshal(b, noon); err == nil {
			t.Errorf("%s is taken for a history", name)
		}
		if got, _ := counts(t, back, Day, noon); len(got) != 0 {
			t.Errorf("%s left %v", name, got)
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	f.Add(New([]string{"n"}).Marshal())
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		h := New([]string{"n"})
		if h.Unmarshal(b, noon) == nil && len(b) == 0 {
			t.Error("nothing is a history")
		}
	})
}
