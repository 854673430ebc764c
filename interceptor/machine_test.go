package interceptor

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/google/nftables/expr"
)

// op is one step of a rule: a match, an operation on a set, or a verdict.
type op struct {
	kind        opKind
	mask, value byte          // of TCP flags
	differ      bool          // the flags must not be that, or the set must not have the tuple
	set         int           // in machine.sets
	lives       time.Duration // the element, from an update on
	chain       int           // to go to, in machine.chains
}

type opKind int

const (
	opFlags opKind = iota
	opLookup
	opUpdate
	opDelete
	opGoto
	opEnd // of the frame's way
)

// machine judges frames by the planned rules themselves, several at a time, in every order in which processors
// can take the single operations on sets: any of them may stand still between any two.
type machine struct {
	t      *testing.T
	sets   []string        // those of flows
	lives  []time.Duration // their elements, where nothing else is said
	names  []string        // of chains
	chains [][][]op
}

func newMachine(t *testing.T, s Spec) *machine {
	t.Helper()
	planned, err := plan(s)
	must(t, err)
	m := &machine{t: t}
	for _, set := range planned.sets {
		if set.dynamic {
			m.sets, m.lives = append(m.sets, set.name), append(m.lives, set.timeout)
		}
	}
	if len(m.sets) > len(state{}.lives) {
		t.Fatalf("%d sets of flows: make state larger", len(m.sets))
	}
	for _, c := range planned.bridge {
		m.names = append(m.names, c.name)
	}
	for _, c := range planned.bridge {
		var rules [][]op
		for _, r := range c.rules {
			var ops []op
			for _, part := range r.parts {
				ops = append(ops, m.compile(part)...)
			}
			rules = append(rules, ops)
		}
		m.chains = append(m.chains, rules)
	}
	return m
}

// compile reads a statement, for frames that begin no connection. What tells families, ports and interfaces
// apart holds for each of them; where a frame is written to, and what is counted, is left out.
func (m *machine) compile(s statement) (ops []op) {
	var flags *op
	for _, e := range s.exprs {
		switch e := e.(type) {
		case *expr.Payload:
			if e.Base == expr.PayloadBaseTransportHeader && e.Offset == 13 && e.Len == 1 {
				flags = &op{kind: opFlags}
			}
		case *expr.Bitwise:
			if flags != nil {
				flags.mask = e.Mask[0]
			}
		case *expr.Cmp:
			if flags != nil {
				flags.value, flags.differ = e.Data[0], e.Op == expr.CmpOpNeq
				ops, flags = append(ops, *flags), nil
			}
		case *expr.Lookup:
			if set := slices.Index(m.sets, e.SetName); set >= 0 {
				ops = append(ops, op{kind: opLookup, set: set, differ: e.Invert})
			}
		case *expr.Dynset:
			o := op{kind: opDelete, set: m.set(e.SetName)}
			if e.Operation != dynsetDelete {
				o.kind, o.lives = opUpdate, cmp.Or(e.Timeout, m.lives[o.set])
			}
			ops = append(ops, o)
		case *expr.Verdict:
			o := op{kind: opEnd}
			if e.Kind == expr.VerdictGoto {
				o = op{kind: opGoto, chain: m.chain(e.Chain)}
			}
			ops = append(ops, o)
		}
	}
	return ops
}

func (m *machine) set(name string) int   { return m.find(m.sets, name) }
func (m *machine) chain(name string) int { return m.find(m.names, name) }

func (m *machine) find(list []string, name string) int {
	m.t.Helper()
	i := slices.Index(list, name)
	if i < 0 {
		m.t.Fatalf("no %q in %q", name, list)
	}
	return i
}

// frame is what one processor judges: where it comes in, and its TCP flags.
type frame struct {
	chain int
	flags byte
}

// place is how far a processor is with the frames it judges one after the other.
type place struct {
	begun                  bool // with the frame
	frame, chain, rule, op int16
}

// state is how far all are, and how long the tuple's elements live: 0 for one that is not there.
type state struct {
	places [5]place
	lives  [8]time.Duration
}

// step takes a processor to its next operation on a set, and does that; false if no frame is left.
func (m *machine) step(frames []frame, p *place, lives *[8]time.Duration) bool {
	next := func() { p.rule, p.op = p.rule+1, 0 }
	for int(p.frame) < len(frames) {
		f := frames[p.frame]
		if !p.begun {
			p.begun, p.chain = true, int16(f.chain)
		}
		rules := m.chains[p.chain]
		if int(p.rule) == len(rules) {
			*p = place{frame: p.frame + 1}
			continue
		}
		if int(p.op) == len(rules[p.rule]) {
			next()
			continue
		}
		o := rules[p.rule][p.op]
		p.op++
		switch o.kind {
		case opGoto:
			p.chain, p.rule, p.op = int16(o.chain), 0, 0
		case opEnd:
			*p = place{frame: p.frame + 1}
		case opFlags:
			if (f.flags&o.mask == o.value) == o.differ {
				next()
			}
		case opLookup:
			if (lives[o.set] > 0) == o.differ {
				next()
			}
			return true
		case opUpdate:
			lives[o.set] = o.lives
			return true
		case opDelete:
			lives[o.set] = 0
			return true
		}
	}
	return false
}

// orders calls end with what is in the sets after each possible order, and says how many states there were.
func (m *machine) orders(processors [][]frame, begin [8]time.Duration, end func([8]time.Duration)) int {
	seen := map[state]bool{}
	var explore func(state)
	explore = func(s state) {
		if seen[s] {
			return
		}
		seen[s] = true
		over := true
		for i := range processors {
			next := s
			if m.step(processors[i], &next.places[i], &next.lives) {
				over = false
				explore(next)
			}
		}
		if over {
			end(s.lives)
		}
	}
	explore(state{lives: begin})
	return len(seen)
}
