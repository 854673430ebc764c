package debian

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Index gives the files by which modules are found and loaded, as depmod(8) writes their plain form: modules.dep,
// modules.alias and modules.softdep for these modules only, and the kernel's own modules.builtin.
func (k Kernel) Index(modules []Module) (map[string][]byte, error) {
	builtin, err := os.ReadFile(filepath.Join(k.modules, "modules.builtin"))
	if err != nil {
		return nil, fmt.Errorf("index modules: %w", err)
	}
	byName := map[string]Module{}
	for _, m := range modules {
		byName[m.Name] = m
	}
	var dep, alias, soft strings.Builder
	alias.WriteString("# Aliases extracted from modules themselves.\n")
	soft.WriteString("# Soft dependencies extracted from modules themselves.\n")
	for _, m := range modules {
		dep.WriteString(m.Path + ":")
		for _, need := range needs(byName, m) {
			dep.WriteString(" " + byName[need].Path)
		}
		dep.WriteString("\n")
		for _, a := range m.info.aliases {
			fmt.Fprintf(&alias, "alias %s %s\n", a, m.Name)
		}
		for _, s := range m.info.softdep {
			fmt.Fprintf(&soft, "softdep %s %s\n", m.Name, s)
		}
	}
	return map[string][]byte{
		"modules.dep":     []byte(dep.String()),
		"modules.alias":   []byte(alias.String()),
		"modules.softdep": []byte(soft.String()),
		"modules.builtin": builtin,
	}, nil
}

// needs gives all modules that m needs, each before those that it needs itself: who loads them begins at the end. What
// the kernel has built in is not among them.
func needs(byName map[string]Module, m Module) []string {
	var order []string
	var add func(m Module)
	add = func(m Module) {
		for _, name := range m.info.depends {
			if need, ok := byName[name]; ok {
				add(need)
			}
		}
		if !slices.Contains(order, m.Name) {
			order = append(order, m.Name)
		}
	}
	add(m)
	slices.Reverse(order)
	return order[1:] // without m itself
}
