package debian

import (
	"bytes"
	"debug/elf"
	"fmt"
	"path"
	"strings"
)

// modinfo is what a module says of itself (include/linux/module.h, Linux 6.12).
type modinfo struct {
	depends []string // modules whose symbols it uses
	before  []string // modules or aliases it would like to be loaded first ("softdep: pre:")
	softdep []string // those declarations as they are written
	aliases []string
}

// readModinfo reads the section of that name: strings of the form "key=value", each ended by a zero byte.
func readModinfo(module []byte) (modinfo, error) {
	f, err := elf.NewFile(bytes.NewReader(module))
	if err != nil {
		return modinfo{}, err
	}
	section := f.Section(".modinfo")
	if section == nil {
		return modinfo{}, fmt.Errorf("no .modinfo section: not a kernel module")
	}
	data, err := section.Data()
	if err != nil {
		return modinfo{}, err
	}
	var m modinfo
	for line := range strings.SplitSeq(string(data), "\x00") {
		key, value, _ := strings.Cut(line, "=")
		switch key {
		case "depends":
			for name := range strings.SplitSeq(value, ",") {
				if name != "" {
					m.depends = append(m.depends, moduleName(name))
				}
			}
		case "alias":
			m.aliases = append(m.aliases, value)
		case "softdep":
			m.softdep = append(m.softdep, value)
			m.before = append(m.before, softBefore(value)...)
		}
	}
	return m, nil
}

// softBefore gives the names behind "pre:" in "pre: a b post: c".
func softBefore(value string) []string {
	var names []string
	isBefore := false
	for word := range strings.FieldsSeq(value) {
		switch {
		case strings.HasSuffix(word, ":"):
			isBefore = word == "pre:"
		case isBefore:
			names = append(names, word)
		}
	}
	return names
}

// moduleName gives a module's name as the kernel writes it: file name without suffix, "-" as "_".
func moduleName(file string) string {
	name, _, _ := strings.Cut(path.Base(file), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}
