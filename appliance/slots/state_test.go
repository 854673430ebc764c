package slots

import (
	"errors"
	"testing"
)

// st reads a state as it is printed.
func st(t *testing.T, order string, leftA, leftB uint8) State {
	t.Helper()
	s := State{Order: [2]Slot{A, B}, Left: [2]uint8{leftA, leftB}}
	if order == "ba" {
		s.Order = [2]Slot{B, A}
	}
	return s
}

func TestState(t *testing.T) {
	for name, test := range map[string]struct {
		body string
		want State // the zero state: unreadable
	}{
		"new":              {"order=ab\nleft_a=8\nleft_b=8\n", First()},
		"turned":           {"order=ba\nleft_a=0\nleft_b=9\n", State{Order: [2]Slot{B, A}, Left: [2]uint8{0, 9}}},
		"the last holds":   {"order=ba\norder=ab\nleft_a=8\nleft_b=8\nleft_b=1\n", State{Order: [2]Slot{A, B}, Left: [2]uint8{8, 1}}},
		"not counted":      {"order=ab\nleft_a=8\nleft_b=8\ncounted=no\n", State{Order: [2]Slot{A, B}, Left: [2]uint8{8, 8}, Uncounted: true}},
		"counted":          {"order=ab\nleft_a=8\nleft_b=8\ncounted=yes\n", First()},
		"no order":         {"left_a=8\nleft_b=8\n", State{}},
		"order aa":         {"order=aa\nleft_a=8\nleft_b=8\n", State{}},
		"order with space": {"order=ab \nleft_a=8\nleft_b=8\n", State{}},
		"no left_a":        {"order=ab\nleft_b=8\n", State{}},
		"empty":            {"order=ab\nleft_a=\nleft_b=8\n", State{}},
		"ten":              {"order=ab\nleft_a=10\nleft_b=8\n", State{}},
		"minus":            {"order=ab\nleft_a=-1\nleft_b=8\n", State{}},
		"letter":           {"order=ab\nleft_a=8\nleft_b=x\n", State{}},
		"colon, after 9":   {"order=ab\nleft_a=8\nleft_b=:\n", State{}},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := ParseBlock(text(test.body))
			if err != nil {
				t.Fatal(err)
			}
			s, err := b.State()
			if (test.want == State{}) != errors.Is(err, ErrUnreadable) || s != test.want {
				t.Errorf("%v, %v", s, err)
			}
		})
	}
}

func TestWithStateRefuses(t *testing.T) {
	for _, s := range []State{
		{}, {Order: [2]Slot{A, A}}, {Order: [2]Slot{2, 1}}, {Order: [2]Slot{A, B}, Left: [2]uint8{10, 0}}, {Order: [2]Slot{B, A}, Left: [2]uint8{0, 10}},
	} {
		if b, err := (Block{}).WithState(s); err == nil {
			t.Errorf("%v is written as %v", s, b)
		}
	}
}

func TestChanges(t *testing.T) {
	commit := func(s State, running Slot) (State, error) { return Commit(s, running), nil }
	for name, test := range map[string]struct {
		change  func(State, Slot) (State, error)
		before  State
		running Slot
		want    State
		err     error // nil with want equal to before: any other error
	}{
		"begin":                          {Begin, st(t, "ab", 8, 8), A, st(t, "ab", 8, 0), nil},
		"begin on b":                     {Begin, st(t, "ba", 8, 8), B, st(t, "ba", 0, 8), nil},
		"begin takes a try back":         {Begin, st(t, "ba", 8, 1), A, st(t, "ab", 8, 0), nil},
		"begin after a first boot":       {Begin, st(t, "ab", 7, 8), A, st(t, "ab", 7, 8), ErrUncommitted},
		"begin in a try":                 {Begin, st(t, "ba", 8, 0), B, st(t, "ba", 8, 0), ErrUncommitted},
		"begin after a fall-back":        {Begin, st(t, "ba", 7, 0), A, st(t, "ba", 7, 0), ErrUncommitted},
		"try":                            {Try, st(t, "ab", 8, 0), A, st(t, "ba", 8, 1), nil},
		"try on b":                       {Try, st(t, "ba", 0, 8), B, st(t, "ab", 1, 8), nil},
		"try what was not begun":         {Try, st(t, "ab", 8, 8), A, st(t, "ab", 8, 8), nil},
		"try uncommitted":                {Try, st(t, "ab", 7, 0), A, st(t, "ab", 7, 0), ErrUncommitted},
		"commit of a try":                {commit, st(t, "ba", 8, 0), B, st(t, "ba", 8, 8), nil},
		"commit after a fall-back":       {commit, st(t, "ba", 7, 0), A, st(t, "ab", 8, 0), nil},
		"commit of any boot":             {commit, st(t, "ab", 7, 8), A, st(t, "ab", 8, 8), nil},
		"commit with order turned":       {commit, st(t, "ab", 3, 7), B, st(t, "ba", 3, 8), nil},
		"back":                           {Back, st(t, "ba", 8, 8), B, st(t, "ab", 1, 8), nil},
		"back to what was never healthy": {Back, st(t, "ab", 8, 0), A, st(t, "ab", 8, 0), ErrNoOther},
		"back in a try":                  {Back, st(t, "ba", 8, 0), B, st(t, "ba", 8, 0), ErrUncommitted},
		"back twice":                     {Back, st(t, "ab", 1, 8), B, st(t, "ab", 1, 8), nil},
	} {
		t.Run(name, func(t *testing.T) {
			after, err := test.change(test.before, test.running)
			if after != test.want || (err != nil) != (test.want == test.before) || test.err != nil && !errors.Is(err, test.err) {
				t.Errorf("%v, %v\nwant %v, %v", after, err, test.want, test.err)
			}
		})
	}
}

func TestCount(t *testing.T) {
	for name, test := range map[string]struct {
		before  State
		running Slot
		want    State
		no      bool // not counted
	}{
		"counted":                 {st(t, "ab", 7, 8), A, st(t, "ab", 7, 8), false},
		"counted try":             {st(t, "ba", 8, 0), B, st(t, "ba", 8, 0), false},
		"fallen back":             {st(t, "ba", 7, 0), A, st(t, "ba", 7, 0), false},
		"not counted":             {st(t, "ab", 8, 8), A, st(t, "ab", 7, 8), true},
		"set by hand":             {st(t, "ab", 9, 8), A, st(t, "ab", 8, 8), true},
		"try, not counted":        {st(t, "ba", 8, 1), B, st(t, "ba", 8, 0), true},
		"many that failed":        {st(t, "ab", 1, 0), A, st(t, "ab", 1, 0), false},
		"not the one that was it": {st(t, "ba", 1, 8), A, st(t, "ba", 1, 8), false},
	} {
		test.want.Uncounted = test.no
		if after := Count(test.before, test.running); after != test.want {
			t.Errorf("%s: %v, want %v", name, after, test.want)
		}
	}
	// What was noted goes with the next boot that is counted.
	s := st(t, "ab", 7, 8)
	s.Uncounted = true
	if after := Count(s, A); after.Uncounted {
		t.Errorf("%v", after)
	}
}

// Where GRUB cannot write, no update begins, and firmware that fails after it
// has started is left all the same.
func TestWithoutGRUBsCounting(t *testing.T) {
	s := Commit(Count(First(), A), A)
	if _, err := Begin(s, A); !errors.Is(err, ErrUncounted) {
		t.Errorf("an update begins: %v", err)
	}
	if _, err := Back(s, A); !errors.Is(err, ErrUncounted) {
		t.Errorf("it goes back: %v", err)
	}
	s = once(Commit(First(), A), B) // as an older version without this knowledge had it
	if s = Count(s, B); !Last(s, B) {
		t.Fatalf("a reboot does not lead back: %v", s)
	}
	if slot, _, _ := Choose(s, true, func(Slot) bool { return true }); slot != A {
		t.Errorf("slot %v is booted", slot)
	}
}

func TestChoose(t *testing.T) {
	const both, onlyA, onlyB, neither = "ab", "a", "b", ""
	for name, test := range map[string]struct {
		state    State
		readable bool
		loads    string
		slot     Slot
		after    State
		fails    bool
	}{
		"first":                      {st(t, "ab", 8, 8), true, both, A, st(t, "ab", 7, 8), false},
		"first is b":                 {st(t, "ba", 8, 8), true, both, B, st(t, "ba", 8, 7), false},
		"try":                        {st(t, "ba", 8, 1), true, both, B, st(t, "ba", 8, 0), false},
		"try was spent":              {st(t, "ba", 8, 0), true, both, A, st(t, "ba", 7, 0), false},
		"try does not load":          {st(t, "ba", 8, 1), true, onlyA, A, st(t, "ba", 7, 0), false},
		"being written":              {st(t, "ab", 8, 0), true, onlyA, A, st(t, "ab", 7, 0), false},
		"old one died, none written": {st(t, "ab", 8, 0), true, onlyB, B, st(t, "ab", 7, 0), false},
		"none left":                  {st(t, "ba", 0, 0), true, both, B, st(t, "ba", 0, 0), false},
		"none left, one loads":       {st(t, "ba", 0, 0), true, onlyA, A, st(t, "ba", 0, 0), false},
		"last boot of the first":     {st(t, "ab", 1, 8), true, both, A, st(t, "ab", 0, 8), false},
		"unreadable":                 {State{}, false, both, A, State{}, false},
		"unreadable, only b":         {State{}, false, onlyB, B, State{}, false},
		"neither loads":              {st(t, "ab", 8, 8), true, neither, A, st(t, "ab", 7, 7), true},
	} {
		t.Run(name, func(t *testing.T) {
			slot, after, ok := Choose(test.state, test.readable, func(s Slot) bool {
				for _, c := range test.loads {
					if string(c) == s.String() {
						return true
					}
				}
				return false
			})
			if slot != test.slot || after != test.after || ok == test.fails {
				t.Errorf("%v, %v, %v; want %v, %v, %v", slot, after, ok, test.slot, test.after, !test.fails)
			}
		})
	}
}

// From every state a box can be in, a try that is not healthy ends, after one
// boot, in the slot that ran before, and that slot can begin the next update.
func TestEveryTryThatFailsFallsBack(t *testing.T) {
	loads := func(Slot) bool { return true }
	for _, running := range []Slot{A, B} {
		for left := range uint8(10) {
			s := State{Order: [2]Slot{running, running.Other()}}
			s.Left[running], s.Left[running.Other()] = Full, left
			s, err := Begin(s, running)
			if err != nil {
				t.Fatal(err)
			}
			// The power goes while the slot is written.
			if slot, _, _ := Choose(s, true, loads); slot != running {
				t.Fatalf("%v is booted while it is written: %v", slot, s)
			}
			if s, err = Try(s, running); err != nil {
				t.Fatal(err)
			}
			slot, s, _ := Choose(s, true, loads)
			if slot != running.Other() {
				t.Fatalf("%v is not tried: %v", running.Other(), s)
			}
			if _, err := Begin(s, slot); !errors.Is(err, ErrUncommitted) {
				t.Fatalf("the old slot may be written in a try: %v", err)
			}
			if !Last(s, slot) || Last(s, running) {
				t.Fatalf("a reboot is not known to lead back: %v", s)
			}
			// Nothing more is heard of it.
			if slot, s, _ = Choose(s, true, loads); slot != running {
				t.Fatalf("no fall-back: %v", s)
			}
			if _, err := Begin(Commit(s, running), running); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestRunning(t *testing.T) {
	for cmdline, want := range map[string]string{
		"limpid.slot=a panic=10\n":    "a",
		"console=ttyS0 limpid.slot=b": "b",
		"limpid.slot=a limpid.slot=b": "b",
		"limpid.slot=c":               "",
		"xlimpid.slot=a":              "",
		"":                            "",
		"console=tty0 limpid.slot= limpid.slot=a": "a",
	} {
		got := ""
		if s, ok := Running(cmdline); ok {
			got = s.String()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", cmdline, got, want)
		}
	}
	if s, err := ParseSlot("b"); err != nil || s != B || s.Partition() != "limpid-b" || s.Other() != A || A.Other() != B {
		t.Errorf("%v, %v", s, err)
	}
}
