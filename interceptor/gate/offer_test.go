package gate

import (
	"testing"
	"time"
)

func TestOldestOfferIsTheOldestThatWaits(t *testing.T) {
	var o offers
	start := time.Unix(1000, 0)
	next := 0
	push := func(n int) {
		for range n {
			o.push(start.Add(time.Duration(next) * time.Second))
			next++
		}
	}
	// Past the end of the ring several times over.
	for range 10 {
		push(500)
		o.keep(3)
		if got, some := o.oldest(); !some || !got.Equal(start.Add(time.Duration(next-3)*time.Second)) {
			t.Fatalf("after %d offers, 3 waiting: oldest %v, %v", next, got.Sub(start), some)
		}
	}
	o.keep(100) // more than are known: none was forgotten
	if o.count != 3 {
		t.Fatalf("count %d, want 3", o.count)
	}
	o.keep(0)
	if _, some := o.oldest(); some {
		t.Fatal("an empty queue has an oldest")
	}
}

// A queue that is as long at each look as before may have been emptied and
// filled again meanwhile: nothing in it is old then.
func TestFollowTellsTurnoverFromStandstill(t *testing.T) {
	begin := time.Unix(1000, 0)
	for _, c := range []struct {
		name   string
		taken  int
		oldest time.Duration // of what waits after ten looks, 1 s apart
	}{
		{"nothing is taken", 0, 9 * time.Second},
		{"one in three is taken", 1, 2 * time.Second},
		{"all are taken", 3, 0},
		{"more are taken than waited", 100, 0},
	} {
		var o offers
		now := begin
		o.follow(0, 3, now)
		for range 9 {
			now = now.Add(time.Second)
			o.follow(c.taken, 3, now)
		}
		oldest, some := o.oldest()
		if age := now.Sub(oldest); !some || age != c.oldest {
			t.Errorf("%s: the oldest has waited %v, want %v", c.name, age, c.oldest)
		}
		if o.follow(3, 0, now); o.count != 0 {
			t.Errorf("%s: %d wait in an empty queue", c.name, o.count)
		}
	}
}
