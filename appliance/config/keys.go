package config

import "strings"

// Key is one key of limpid.toml as the reference tells of it.
type Key struct {
	Path    string // "proxy.port"
	Help    string // what it does and which values it takes, in lines
	Default string // as it stands in the reference
}

// Section is the part before the dot.
func (k Key) Section() string { section, _, _ := strings.Cut(k.Path, "."); return section }

// Keys lists all keys, in the order of the reference.
func Keys() []Key {
	var keys []Key
	var section string
	var help []string
	at := locate(reference)
	for line := range strings.Lines(reference) {
		line = strings.TrimRight(line, "\n")
		switch name, isHeader := strings.CutPrefix(line, "["); {
		case strings.HasPrefix(line, "#"):
			help = append(help, strings.TrimPrefix(strings.TrimPrefix(line, "#"), " "))
			continue
		case isHeader:
			section = strings.TrimSuffix(name, "]")
		case line != "":
			key, _, _ := strings.Cut(line, " = ")
			path := join(section, key)
			if span, ok := at.spans[path]; ok {
				keys = append(keys, Key{path, strings.Join(help, "\n"), span.of(reference)})
			}
		}
		help = nil
	}
	return keys
}
