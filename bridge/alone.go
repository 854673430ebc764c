package bridge

import "slices"

// Made says whether limpid has made the bridge that there is for the ports.
func (s Status) Made() bool { return s.standing().Alias == mark }

// Displaced says whether another wire that limpid has made has taken the place of this one,
// whose ports are both there: it can come back. Only a Spec that is Alone sees such a wire.
func (s Status) Displaced() bool {
	return !s.Joined() && len(s.Missing()) == 0 && (len(s.Strays) > 0 || s.Made() && len(s.Foreign) > 0)
}

// Elsewhere says whether another bridge that limpid has made is up.
func (s Status) Elsewhere() bool {
	return slices.ContainsFunc(s.Strays, func(l Link) bool { return l.Up })
}

// strays finds what limpid has made beside the bridge of the Spec, under whatever name
// that is. It knows its own by the mark: a bridge of somebody else is never one.
func (s *Status) strays(links []Link) {
	for _, l := range links {
		if l.Kind == "bridge" && l.Alias == mark && l.Index != s.Bridge.Index && l.Index != s.Former.Index {
			s.Strays = append(s.Strays, l)
		}
	}
}

// sweep plans the end of another wire of limpid's, and says whether there is one. All else
// waits for the next pass, which must not see it any more: with a port of it in the bridge,
// or beside it, this one would be a loop.
func (p *planner) sweep() bool {
	if !p.spec.Alone {
		return false
	}
	for _, l := range p.st.Strays {
		p.add(DeleteLink{l.Name}) // its ports leave with it
	}
	p.add(releaseForeign(p.spec, p.st)...)
	return len(p.ops) > 0
}

// releaseForeign takes ports that the Spec does not name out of a bridge that limpid has
// made. They stay silent: their sysctls are those that they had in it.
func releaseForeign(spec Spec, st Status) []Op {
	if !spec.takesForeign(st) {
		return nil
	}
	var ops []Op
	for _, name := range st.Foreign {
		ops = append(ops, Release{name, st.standing().Name})
	}
	return ops
}

// takesForeign says whether ports that the Spec does not name have to go.
func (s Spec) takesForeign(st Status) bool { return s.Alone && st.Made() }
