package grub

import (
	"fmt"
	"strings"
)

// EnvSize is the size of an environment block in bytes, as grub-editenv makes it.
const EnvSize = 1024

// envHead is the first line of a block, by which GRUB knows it.
const envHead = "# GRUB Environment Block\n"

// envSector is how far variables may reach: GRUB writes whole sectors, and a disk writes one whole or not at all.
const envSector = 512

// Variable is one line of an environment block.
type Variable struct {
	Name, Value string
}

// Env gives an environment block with these variables. Together with the first line they must fit in its first sector,
// and a value must be of one line without a backslash, which GRUB takes for the beginning of an escape.
func Env(variables ...Variable) ([]byte, error) {
	var b strings.Builder
	b.WriteString(envHead)
	for _, v := range variables {
		if v.Name == "" || strings.ContainsAny(v.Name, "=\\\n# ") || strings.ContainsAny(v.Value, "\\\n\x00") {
			return nil, fmt.Errorf("write environment block: %s=%q cannot be written in one", v.Name, v.Value)
		}
		fmt.Fprintf(&b, "%s=%s\n", v.Name, v.Value)
	}
	if b.Len() > envSector {
		return nil, fmt.Errorf("write environment block: %d bytes of variables, and at most %d fit in one sector", b.Len(), envSector)
	}
	return []byte(b.String() + strings.Repeat("#", EnvSize-b.Len())), nil
}

// bootsAtFirst is how many boots each slot has on a new disk, as after any healthy boot.
const bootsAtFirst = "8"

// FirstEnv gives the boot environment of a new disk: both slots hold the same and may be tried, a before b.
func FirstEnv() ([]byte, error) {
	return Env(Variable{"order", "ab"}, Variable{"left_a", bootsAtFirst}, Variable{"left_b", bootsAtFirst})
}
