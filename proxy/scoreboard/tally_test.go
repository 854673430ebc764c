package scoreboard

import (
	"math"
	"testing"
	"time"
)

func TestTallyFlushesWhatChanged(t *testing.T) {
	b, tally := Local(), new(Tally)
	tally.Add(Requests, 2)
	tally.Add(Requests, 3)
	tally.Add(TunnelBy+TunnelReasons-1, 1)
	tally.Transaction(POST, 503, Abort)
	if got := b.Get(Requests); got != 0 {
		t.Errorf("before the flush: %d requests on the board", got)
	}
	if got := tally.Pending(Requests); got != 5 {
		t.Errorf("pending requests: %d, want 5", got)
	}
	tally.Flush(b)
	tally.Flush(b) // has nothing to add
	tally.Add(Requests, 1)
	tally.Flush(b)
	want := map[Cell]uint64{Requests: 6, TunnelBy + TunnelReasons - 1: 1, Transactions(POST, 5, Abort): 1}
	for c := range Cell(maxCells) {
		if got := b.Get(c); got != want[c] {
			t.Errorf("cell %d: %d, want %d", c, got, want[c])
		}
	}
}

// TestTalliesOfSeveralLoopsAddUp runs under the race detector too.
func TestTalliesOfSeveralLoopsAddUp(t *testing.T) {
	const loops, rounds = 4, 1000
	b := Local()
	done := make(chan struct{})
	for range loops {
		go func() {
			defer func() { done <- struct{}{} }()
			var tally Tally
			for i := range rounds {
				tally.Transaction(GET, 200, Forward)
				tally.Observe(Total, time.Millisecond)
				if i%7 == 0 {
					tally.Flush(b)
				}
			}
			tally.Flush(b)
		}()
	}
	for range loops {
		<-done
	}
	if got := b.Get(Transactions(GET, 2, Forward)); got != loops*rounds {
		t.Errorf("transactions: %d, want %d", got, loops*rounds)
	}
	d := b.Distribution(Total)
	if d.Count() != loops*rounds || d.Sum != loops*rounds*time.Millisecond {
		t.Errorf("total: %d in %v, want %d in %v", d.Count(), d.Sum, loops*rounds, loops*rounds*time.Millisecond)
	}
}

func TestEachTransactionHasACellOfItsOwn(t *testing.T) {
	seen := map[Cell]bool{}
	for m := range Method(Methods) {
		for c := range Class(Classes) {
			for v := range Verdict(Verdicts) {
				cell := Transactions(m, c, v)
				if cell < transactions || cell >= histograms || seen[cell] {
					t.Fatalf("%v %v %v has cell %d, which is not its own", m, c, v, cell)
				}
				seen[cell] = true
			}
		}
	}
	// What is out of range must not reach a neighbour.
	if got := Transactions(200, 200, 200); got != Transactions(OtherMethod, NoClass, Abort) {
		t.Errorf("out of range: cell %d", got)
	}
}

func TestClassOf(t *testing.T) {
	for status, want := range map[int]string{
		0: "none", -1: "none", 99: "none", 100: "1xx", 199: "1xx", 200: "2xx", 304: "3xx", 404: "4xx", 599: "5xx", 600: "none", 999: "none",
	} {
		if got := ClassOf(status).String(); got != want {
			t.Errorf("class of %d: %s, want %s", status, got, want)
		}
	}
}

// TestNames holds what metrics and access log promise to their readers.
func TestNames(t *testing.T) {
	names := func(n int, name func(int) string) (all string) {
		for i := range n {
			all += name(i) + " "
		}
		return all
	}
	for _, c := range []struct{ got, want string }{
		{names(Methods, func(i int) string { return Method(i).String() }), "GET HEAD POST PUT DELETE OPTIONS CONNECT PATCH other "},
		{names(Classes, func(i int) string { return Class(i).String() }), "none 1xx 2xx 3xx 4xx 5xx "},
		{names(Verdicts, func(i int) string { return Verdict(i).String() }), "forward hit miss revalidated stale block tunnel abort "},
		{Method(99).String() + Class(99).String() + Verdict(99).String(), "othernoneabort"},
	} {
		if c.got != c.want {
			t.Errorf("names: %s, want %s", c.got, c.want)
		}
	}
}

func TestBoundsBelongToTheirBuckets(t *testing.T) {
	b, tally := Local(), new(Tally)
	var sum time.Duration
	for i := range Buckets - 1 {
		if i > 0 && Bound(i) <= Bound(i-1) {
			t.Fatalf("bound %d is %v, after %v", i, Bound(i), Bound(i-1))
		}
		if got := bucket(uint64(Bound(i))); got != Cell(i) {
			t.Errorf("%v falls into bucket %d, want %d", Bound(i), got, i)
		}
		if got := bucket(uint64(Bound(i)) + 1); got != Cell(i+1) {
			t.Errorf("%v falls into bucket %d, want %d", Bound(i)+1, got, i+1)
		}
		tally.Observe(FirstByte, Bound(i))
		sum += Bound(i)
	}
	if got := bucket(math.MaxUint64); got != Buckets-1 {
		t.Errorf("the longest falls into bucket %d, want %d", got, Buckets-1)
	}
	tally.Observe(FirstByte, time.Hour)
	tally.Observe(FirstByte, -time.Hour) // a clock that went wrong
	tally.Flush(b)
	d := b.Distribution(FirstByte)
	for i, n := range d.Buckets {
		if want := uint64(1); n != want && (i != 0 || n != 2) {
			t.Errorf("bucket %d: %d, want %d", i, n, want)
		}
	}
	if d.Count() != Buckets+1 || d.Sum != sum+time.Hour {
		t.Errorf("%d in %v, want %d in %v", d.Count(), d.Sum, Buckets+1, sum+time.Hour)
	}
	if other := b.Distribution(Total); other.Count() != 0 || other.Sum != 0 {
		t.Errorf("another histogram got %+v", other)
	}
}

func TestTallyAllocatesNothing(t *testing.T) {
	b, tally := Local(), new(Tally)
	if n := testing.AllocsPerRun(100, func() {
		tally.Add(Requests, 1)
		tally.Observe(Total, time.Second)
		tally.Transaction(GET, 200, Hit)
		tally.Flush(b)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkTallyAdd(b *testing.B) {
	var tally Tally
	for b.Loop() {
		tally.Add(Requests, 1)
	}
}

func BenchmarkTallyTransaction(b *testing.B) {
	var tally Tally
	for b.Loop() {
		tally.Transaction(GET, 200, Forward)
	}
}

func BenchmarkTallyObserve(b *testing.B) {
	var tally Tally
	d := time.Duration(1)
	for b.Loop() {
		tally.Observe(Total, d)
		d = d*5/4 + 1
		if d > time.Minute {
			d = 1
		}
	}
}

// BenchmarkTallyFlush has changed what a relay that serves requests changes.
func BenchmarkTallyFlush(b *testing.B) {
	board, tally := Local(), new(Tally)
	for b.Loop() {
		tally.Add(Requests, 1)
		tally.Add(Responses, 1)
		tally.Add(BytesUp, 100)
		tally.Add(BytesDown, 100)
		tally.Observe(FirstByte, time.Millisecond)
		tally.Observe(Total, time.Millisecond)
		tally.Transaction(GET, 200, Forward)
		tally.Flush(board)
	}
}

func BenchmarkTallyFlushNothing(b *testing.B) {
	board, tally := Local(), new(Tally)
	for b.Loop() {
		tally.Flush(board)
	}
}
