package interceptor

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/nftables/expr"
)

// Each rule keeps what it says: only loads of what the registers hold are left out.
func TestWithoutRepeats(t *testing.T) {
	tuple, other := tupleKey(ipv4(), clientToServer), tupleKey(ipv4(), serverToClient)
	join := func(parts ...[]expr.Any) []expr.Any {
		var all []expr.Any
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	op := func(s statement) []expr.Any { return s.exprs[len(s.exprs)-1:] }
	macs := []expr.Any{loadEther(etherSrc, sourceMAC), loadEther(etherDst, destinationMAC)}
	for _, test := range []struct {
		name  string
		parts []statement
		want  []expr.Any
	}{
		{"one tuple in two sets", []statement{tuple.in("a"), tuple.notIn("b")}, join(tuple.load(), op(tuple.in("a")), op(tuple.notIn("b")))},
		{"the other direction's", []statement{tuple.in("a"), other.in("a")}, join(tuple.in("a").exprs, other.in("a").exprs)},
		{"flags lie where the tuple did", []statement{tuple.in("a"), rst(), tuple.in("b")}, join(tuple.in("a").exprs, rst().exprs,
			tuple.load()[:1], op(tuple.in("b")))},
		{"flags twice", []statement{rst(), rst()}, join(rst().exprs, rst().exprs)},
		{"MACs are learnt after they were forgotten", []statement{tuple.forget("a"), tuple.learn("b", 0)},
			join(tuple.load(), macs, op(tuple.forget("a")), op(tuple.learn("b", 0)))},
		{"MACs of the map are not the frame's", []statement{tuple.mapped("a"), tuple.learn("b", 0)},
			join(tuple.mapped("a").exprs, macs, op(tuple.learn("b", 0)))},
		{"a map's MACs lie where the frame's did", []statement{tuple.learn("b", 0), tuple.mapped("a"), tuple.learn("b", 0)},
			join(tuple.learn("b", 0).exprs, op(tuple.mapped("a")), macs, op(tuple.learn("b", 0)))},
		{"the frame's MACs after they were written", []statement{tuple.learn("a", 0), tuple.writeSame("b"), tuple.learn("a", 0)},
			join(tuple.learn("a", 0).exprs, tuple.writeSame("b").exprs[4:], tuple.learn("a", 0).exprs)},
		{"a mark lies where the tuple did", []statement{tuple.in("a"), setMark(MarkApproved), tuple.in("a")},
			join(tuple.in("a").exprs, setMark(MarkApproved).exprs, tuple.in("a").exprs)},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, rule{parts: test.parts}.exprs()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// What a rule says for people has all of it.
func TestRepeatsAreOnlyLeftOutForTheKernel(t *testing.T) {
	tuple := tupleKey(ipv4(), clientToServer)
	r := rule{parts: []statement{tuple.in("a"), tuple.in("b")}}
	if want := tuple.in("a").text + " " + tuple.in("b").text; r.text() != want {
		t.Errorf("got %q, want %q", r.text(), want)
	}
}
