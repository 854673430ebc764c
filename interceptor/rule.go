package interceptor

import (
	"strings"

	"github.com/google/nftables/expr"
)

// rule is one line of a chain.
type rule struct {
	why    string // what it is for, in one clause
	recipe string // the classic command that does the same, where there is one
	parts  []statement
}

func (r rule) text() string {
	words := make([]string, len(r.parts))
	for i, p := range r.parts {
		words[i] = p.text
	}
	return strings.Join(words, " ")
}

func (r rule) exprs() []expr.Any {
	var out []expr.Any
	for _, p := range r.parts {
		out = append(out, p.exprs...)
	}
	return withoutRepeats(out)
}

// chain is a list of rules; a base chain has a hook.
type chain struct {
	name     string
	hook     string // "prerouting", "output", or "" for one that is only jumped to
	priority int32
	rules    []rule
}
