package bundle

import (
	"errors"
	"fmt"
)

// Names of the first two members.
const (
	ManifestName  = "manifest.json"
	SignatureName = ManifestName + ".minisig"
)

// Bounds of them, in bytes.
const (
	maxManifest  = 64 << 10
	maxSignature = 4 << 10
)

// ErrShort says that the bytes given end before what is read does.
var ErrShort = errors.New("it ends too early")

// Head is what comes before the parts. It is not to be believed before its
// signature was checked: see Keys.Verify.
type Head struct {
	Manifest  Manifest
	Text      []byte // the manifest as it was signed
	Signature []byte // a minisign signature file
	Size      int64  // bytes of the bundle that are the head
}

// ParseHead reads the head at the beginning of a bundle. The error is ErrShort
// if data is as it should be but ends too early.
func ParseHead(data []byte) (Head, error) {
	var h Head
	rest := data
	for _, want := range []struct {
		name string
		most int64
		text *[]byte
	}{{ManifestName, maxManifest, &h.Text}, {SignatureName, maxSignature, &h.Signature}} {
		if len(rest) < block {
			return Head{}, ErrShort
		}
		m, err := parseMember(rest[:block])
		switch {
		case err != nil:
			return Head{}, err
		case m.name != want.name:
			return Head{}, fmt.Errorf("%w: it has %.64q where %s should be", errNotTar, m.name, want.name)
		case m.size > want.most:
			return Head{}, fmt.Errorf("%w: %s has %d bytes, at most %d are allowed", errNotTar, m.name, m.size, want.most)
		}
		rest = rest[block:]
		if int64(len(rest)) < m.size+m.padding() {
			return Head{}, ErrShort
		}
		*want.text = rest[:m.size:m.size]
		if !zeros(rest[m.size : m.size+m.padding()]) {
			return Head{}, fmt.Errorf("%w: something is hidden behind %s", errNotTar, m.name)
		}
		rest = rest[m.size+m.padding():]
	}
	h.Size = int64(len(data) - len(rest))
	var err error
	h.Manifest, err = ParseManifest(h.Text)
	return h, err
}

func zeros(data []byte) bool {
	for _, c := range data {
		if c != 0 {
			return false
		}
	}
	return true
}
