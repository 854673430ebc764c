package interceptor

// legSets are the sets that know of one leg of a flow.
type legSets struct {
	slot, closing string
	fins          [2]string
}

func clientLeg(f family) legSets {
	return legSets{setDown + f.suffix, setClosingDown + f.suffix, [2]string{setFinClient + f.suffix, setFinToClient + f.suffix}}
}

func serverLeg(f family) legSets {
	return legSets{setUp + f.suffix, setClosingUp + f.suffix, [2]string{setFinServer + f.suffix, setFinToServer + f.suffix}}
}

// over matches packets of a flow both legs of which are closing, and lets what is
// known of it go soon, or at once where it has no further use. Frames on one leg
// take MACs from the other's slot, so neither may go before. With ports of its
// own the server's leg has another tuple and needs nobody's slot: each leg is
// over by itself. Where a slot has gone already the rule ends.
func (s Spec) over(tuple key, own, other legSets) statement {
	legs := []legSets{own, other}
	if s.OwnPorts {
		legs = legs[:1]
	}
	var parts []statement
	for _, l := range legs {
		parts = append(parts, tuple.in(l.closing))
	}
	for _, l := range legs {
		parts = append(parts, tuple.shorten(l.closing, s.ClosingTimeout), tuple.remove(l.fins[0]), tuple.remove(l.fins[1]),
			tuple.in(l.slot), tuple.learn(l.slot, s.ClosingTimeout))
	}
	all := parts[0]
	for _, p := range parts[1:] {
		all.text += " " + p.text
		all.exprs = append(all.exprs, p.exprs...)
	}
	return all
}
