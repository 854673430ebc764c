package disk

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// fatNode is a file or a folder that is being written.
type fatNode struct {
	name     string
	short    [11]byte
	lower    byte // which parts of the name are shown in lower case
	isFolder bool
	children []*fatNode // by name
	data     []byte
	cluster  uint32 // 0: an empty file
}

// newFolder gives the root folder of these files.
func newFolder(files []File) (*fatNode, error) {
	root := &fatNode{name: "/", isFolder: true}
	for _, f := range files {
		at := root
		names := strings.Split(path.Clean(f.Path), "/")
		for i, name := range names {
			child, err := at.child(name)
			if err != nil {
				return nil, fmt.Errorf("name %s: %w", f.Path, err)
			}
			isLast := i == len(names)-1
			if known := child.isFolder || child.data != nil; known && (isLast || !child.isFolder) {
				return nil, fmt.Errorf("name %s: %s is there twice", f.Path, name)
			}
			child.isFolder = !isLast
			at = child
		}
		at.data = append([]byte{}, f.Data...)
	}
	return root, nil
}

// child gives the entry of that name, a new one if there is none.
func (n *fatNode) child(name string) (*fatNode, error) {
	short, lower, err := shortName(name)
	if err != nil {
		return nil, err
	}
	i, found := slices.BinarySearchFunc(n.children, short, func(c *fatNode, s [11]byte) int {
		return slices.Compare(c.short[:], s[:])
	})
	if !found {
		n.children = slices.Insert(n.children, i, &fatNode{name: name, short: short, lower: lower})
	}
	return n.children[i], nil
}

// shortName gives a name's form on disk: eight and three characters in capitals, and the two bits with which Windows NT
// and Linux remember that a part was in small letters, so that no long name is needed.
func shortName(name string) (short [11]byte, lower byte, err error) {
	base, extension, _ := strings.Cut(name, ".")
	if base == "" || len(base) > 8 || len(extension) > 3 {
		return short, 0, fmt.Errorf("%q is not of the form 8.3", name)
	}
	for i, part := range []string{base, extension} {
		for _, c := range []byte(part) {
			if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-~", rune(c)) {
				return short, 0, fmt.Errorf("%q has a character that a FAT name of the form 8.3 cannot hold", name)
			}
		}
		if upper := strings.ToUpper(part); part != upper {
			if part != strings.ToLower(part) {
				return short, 0, fmt.Errorf("%q mixes capitals and small letters", name)
			}
			lower |= 0x08 << i
		}
	}
	copy(short[:], padded(strings.ToUpper(base), 8))
	copy(short[8:], padded(strings.ToUpper(extension), 3))
	return short, lower, nil
}

// padName gives eleven characters without a dot, as labels have them.
func padName(s string) [11]byte {
	return [11]byte(padded(s, 11))
}

func padded(s string, n int) []byte {
	return []byte((s + strings.Repeat(" ", n))[:n])
}
