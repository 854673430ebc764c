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
