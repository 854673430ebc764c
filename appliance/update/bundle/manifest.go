package bundle

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"unicode/utf8"
)

// Format is the format of manifests that this package reads and writes.
const Format = 1

// Product is what a manifest must say it is for.
const Product = "limpid"

// SlotPart is the part that is the image of a whole slot, written to its partition as it is.
const SlotPart = "slot.img"

// Bounds of a manifest.
const (
	maxParts = 16
	maxNotes = 16 << 10 // bytes
	maxPart  = 1<<33 - 1
)

// Manifest says what a bundle is. It is the signed text.
type Manifest struct {
	Format  int    `json:"format"`  // Format
	Product string `json:"product"` // Product
	Version string `json:"version"`
	Board   string `json:"board"` // the kind of box it is for, like x86_64
	// Minimum is the oldest version from which a box may come to this one; empty for any.
	Minimum string `json:"minimum,omitempty"`
	Notes   string `json:"notes,omitempty"` // for people
	Parts   []Part `json:"parts"`           // in the order they follow
}

// Part is a file in the bundle.
type Part struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"` // bytes, from 1 to 8 GiB - 1, the most a tar header can say
	SHA256 Sum    `json:"sha256"`
}

// Sum is a SHA-256 sum, 64 lower-case hexadecimal digits as text.
type Sum [32]byte

// String gives the sum as sha256sum prints it.
func (s Sum) String() string { return hex.EncodeToString(s[:]) }

// MarshalText implements encoding.TextMarshaler.
func (s Sum) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Sum) UnmarshalText(text []byte) error {
	var sum Sum
	if n, err := hex.Decode(sum[:], text[:min(len(text), 2*len(sum))]); err != nil || n != len(sum) || len(text) != 2*n || bytes.ContainsAny(text, "ABCDEF") {
		return fmt.Errorf("read SHA-256 %.80q: want 64 digits of 0-9 and a-f", text)
	}
	*s = sum
	return nil
}

var (
	boardForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)
	partForm  = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)
)

// ParseManifest reads and checks a manifest. Members that it does not know are
// passed over: what an older limpid must not pass over gets another format.
func ParseManifest(text []byte) (Manifest, error) {
	var m Manifest
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&m); err != nil {
		return Manifest{}, fmt.Errorf("read manifest: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Manifest{}, errors.New("read manifest: there is more behind it")
	}
	if err := m.check(); err != nil {
		return Manifest{}, fmt.Errorf("read manifest: %w", err)
	}
	return m, nil
}

// Text gives the manifest as it is signed.
func (m Manifest) Text() ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("write manifest: %w", err)
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(m); err != nil {
		return nil, fmt.Errorf("write manifest: %w", err)
	}
	if b.Len() > maxManifest {
		return nil, fmt.Errorf("write manifest: %d bytes, at most %d are allowed: shorten the notes", b.Len(), maxManifest)
	}
	return b.Bytes(), nil
}

func (m Manifest) check() error {
	if m.Format != Format {
		return fmt.Errorf("format %d is not known, only %d: update to a version in between first", m.Format, Format)
	}
	if m.Product != Product {
		return fmt.Errorf("it is for %q, not for %s", m.Product, Product)
	}
	if _, err := ParseVersion(m.Version); err != nil {
		return err
	}
	if m.Minimum != "" {
		if _, err := ParseVersion(m.Minimum); err != nil {
			return fmt.Errorf("minimum: %w", err)
		}
	}
	switch {
	case !boardForm.MatchString(m.Board):
		return fmt.Errorf("board %.40q: want a name of a-z, 0-9, _ and -", m.Board)
	case len(m.Notes) > maxNotes || !utf8.ValidString(m.Notes):
		return fmt.Errorf("notes: want at most %d bytes of UTF-8", maxNotes)
	}
	return checkParts(m.Parts)
}

func checkParts(parts []Part) error {
	if len(parts) == 0 || len(parts) > maxParts {
		return fmt.Errorf("%d parts: want 1 to %d", len(parts), maxParts)
	}
	seen := make(map[string]bool)
	for _, p := range parts {
		switch {
		case !partForm.MatchString(p.Name) || p.Name == ManifestName || p.Name == SignatureName:
			return fmt.Errorf("part %.80q: want a name of a-z, 0-9, ., _ and - that is not taken", p.Name)
		case seen[p.Name]:
			return fmt.Errorf("part %s is there twice", p.Name)
		case p.Size < 1 || p.Size > maxPart:
			return fmt.Errorf("part %s: %d bytes, want 1 to %d", p.Name, p.Size, int64(maxPart))
		}
		seen[p.Name] = true
	}
	return nil
}
