package slots

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// Size is the size of a block in bytes, as grub-editenv makes it.
const Size = 1024

// Sector is how many bytes of a block may be used. A disk writes a sector of
// 512 bytes whole or not at all: a block whose second half never changes is
// the old or the new one, whenever the power goes.
const Sector = 512

const signature = "# GRUB Environment Block\n"

// ErrUnreadable says that a block, or what it holds, cannot be read or makes no sense.
// GRUB then boots slot a, and slot b if that cannot be loaded.
var ErrUnreadable = errors.New("unreadable boot environment")

// Variable is one setting of a block.
type Variable struct {
	Name  string // any bytes but "="; not beginning with "#"
	Value string
}

// Block is a GRUB environment block: what lib/envblk.c of GRUB 2.06 reads and
// writes. A name is what comes before "=", a value goes to the end of the line,
// and a backslash in it stands before a character that is meant as it is. Lines
// that begin with "#" are skipped, and so the rest of a block is filled.
type Block struct {
	Variables []Variable
}

// ParseBlock reads a block as GRUB does: a line that never ends, or has no "=",
// ends the reading and is no error. Comments are not kept.
func ParseBlock(data []byte) (Block, error) {
	if len(data) != Size {
		return Block{}, fmt.Errorf("%w: %d bytes, want %d", ErrUnreadable, len(data), Size)
	}
	rest, ok := bytes.CutPrefix(data, []byte(signature))
	if !ok {
		return Block{}, fmt.Errorf("%w: it does not begin as a GRUB environment block", ErrUnreadable)
	}
	var b Block
	for len(rest) > 0 {
		if rest[0] == '#' {
			_, rest, _ = cutLine(rest)
			continue
		}
		name, after, ok := bytes.Cut(rest, []byte("="))
		if !ok {
			break
		}
		value, after, ended := cutLine(after)
		if !ended {
			break
		}
		b.Variables = append(b.Variables, Variable{Name: string(name), Value: unescape(value)})
		rest = after
	}
	return b, nil
}

// cutLine cuts at the first newline without a backslash before it.
func cutLine(data []byte) (line, rest []byte, ended bool) {
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '\n':
			return data[:i], data[i+1:], true
		}
	}
	return data, nil, false
}

// unescape takes away the backslashes of a line that cutLine has cut.
func unescape(line []byte) string {
	plain := make([]byte, 0, len(line))
	for i := 0; i < len(line); i++ {
		if line[i] == '\\' {
			i++
		}
		plain = append(plain, line[i])
	}
	return string(plain)
}

// Get gives a variable's value. Of several of one name the last holds, as in GRUB.
func (b Block) Get(name string) (value string, ok bool) {
	for _, v := range slices.Backward(b.Variables) {
		if v.Name == name {
			return v.Value, true
		}
	}
	return "", false
}

// With gives a block in which the variable has that value, and is there once.
func (b Block) With(name, value string) Block {
	var with Block
	done := false
	for _, v := range b.Variables {
		switch {
		case v.Name != name:
			with.Variables = append(with.Variables, v)
		case !done:
			with.Variables = append(with.Variables, Variable{Name: name, Value: value})
			done = true
		}
	}
	if !done {
		with.Variables = append(with.Variables, Variable{Name: name, Value: value})
	}
	return with
}

// Bytes gives the Size bytes of the block, of which all that is not filling
// lies in the first Sector.
func (b Block) Bytes() ([]byte, error) {
	data := append(make([]byte, 0, Size), signature...)
	for _, v := range b.Variables {
		if bytes.ContainsAny([]byte(v.Name), "=\x00") || len(v.Name) > 0 && v.Name[0] == '#' {
			return nil, fmt.Errorf("write boot environment: %q cannot be the name of a variable", v.Name)
		}
		data = append(append(data, v.Name...), '=')
		for _, c := range []byte(v.Value) {
			if c == '\\' || c == '\n' {
				data = append(data, '\\')
			}
			data = append(data, c)
		}
		data = append(data, '\n')
	}
	if len(data) > Sector {
		return nil, fmt.Errorf("write boot environment: %d bytes of variables, at most %d fit in one sector: take away those that are not limpid's with grub-editenv", len(data), Sector)
	}
	return append(data, bytes.Repeat([]byte("#"), Size-len(data))...), nil
}
