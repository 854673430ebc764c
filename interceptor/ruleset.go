package interceptor

import (
	"fmt"
	"io"
	"strings"
)

// ruleset is everything that is installed in nft for a Spec. It is a plain
// value: making one touches nothing.
type ruleset struct {
	sets   []set
	bridge []chain
	inet   []chain
}

// plan computes the rule set.
func plan(s Spec) (ruleset, error) {
	if err := s.Validate(); err != nil {
		return ruleset{}, err
	}
	bridge := s.askChains()
	if s.Memory == Programs {
		bridge = append(bridge, s.markedChain()...)
	} else {
		bridge = append(append(bridge, s.captureChains()...), s.emitChains()...)
	}
	return ruleset{
		sets:   s.sets(),
		bridge: append(bridge, s.heardChain()),
		inet:   []chain{s.divertChain(), s.answerChain()},
	}, nil
}

// keepsSets says that going from old to new leaves every set as it is, so that the
// flows in them live on.
func keepsSets(from, to ruleset) bool {
	if len(from.sets) != len(to.sets) {
		return false
	}
	for i := range from.sets {
		if !from.sets[i].equal(to.sets[i]) {
			return false
		}
	}
	return true
}

// WriteText writes what s installs, in nft's language, each rule with what it is for;
// below a rule that a classic command stands for, that command.
func WriteText(w io.Writer, s Spec) error {
	rules, err := plan(s)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "table bridge %s { # owned: gone with the supervisor\n", tableName)
	for _, set := range rules.sets {
		fmt.Fprintf(&b, "\t%s\n", set.text())
	}
	for _, name := range counterNames() {
		fmt.Fprintf(&b, "\tcounter %s { }\n", name)
	}
	writeChains(&b, rules.bridge)
	fmt.Fprintf(&b, "}\n\ntable inet %s { # owned\n", tableName)
	writeChains(&b, rules.inet)
	b.WriteString("}\n")
	if s.Memory == Programs {
		b.WriteString("\n# programs that remember flows (interceptor/flows)\n")
		for _, w := range s.flowSpec().Ways() {
			fmt.Fprintf(&b, "%v # %s\n", w, w.Why)
		}
	}
	b.WriteString("\n# policy routing\n")
	writeRouting(&b, s)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write rules: %w", err)
	}
	return nil
}

func writeChains(b *strings.Builder, chains []chain) {
	for _, c := range chains {
		fmt.Fprintf(b, "\n\tchain %s {\n", c.name)
		if c.hook != "" {
			fmt.Fprintf(b, "\t\ttype filter hook %s priority %d; policy accept;\n", c.hook, c.priority)
		}
		for _, r := range c.rules {
			fmt.Fprintf(b, "\t\t%s # %s\n", r.text(), r.why)
			writeRecipe(b, "\t\t", r.recipe)
		}
		b.WriteString("\t}\n")
	}
}

func writeRecipe(b *strings.Builder, indent, recipe string) {
	if recipe == "" {
		return
	}
	for line := range strings.SplitSeq(recipe, "\n") {
		fmt.Fprintf(b, "%s#   classic: %s\n", indent, line)
	}
}
