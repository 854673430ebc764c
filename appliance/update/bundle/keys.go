package bundle

import (
	"errors"
	"fmt"
	"strings"

	"aead.dev/minisign"
)

// Keys are the public keys whose signatures are accepted.
type Keys []minisign.PublicKey

// ParseKeys reads public keys as minisign writes them. A file may hold several,
// one after the other; empty lines, those with untrusted comments and those
// that begin with # are passed over.
func ParseKeys(text string) (Keys, error) {
	var keys Keys
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "untrusted comment:") {
			continue
		}
		var key minisign.PublicKey
		if err := key.UnmarshalText([]byte(line)); err != nil {
			return nil, fmt.Errorf("read public key %.64q: %w", line, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// KeyID gives the name of a key as minisign prints it.
func KeyID(id uint64) string { return fmt.Sprintf("%X", id) }

// SignedBy is the name of the key that a head says it was signed with: true once Verify
// has returned nil, and empty where there is no signature.
func (h Head) SignedBy() string {
	var signature minisign.Signature
	if signature.UnmarshalText(h.Signature) != nil {
		return ""
	}
	return KeyID(signature.KeyID)
}

// Verify checks a head's signature. Until it has returned nil nothing that a
// bundle says is true.
func (k Keys) Verify(h Head) error {
	if len(k) == 0 {
		return errors.New("check signature: no key is trusted here: see docs/update.md on keys")
	}
	var signature minisign.Signature
	if err := signature.UnmarshalText(h.Signature); err != nil {
		return fmt.Errorf("check signature: %w", err)
	}
	known := false
	for _, key := range k {
		if key.ID() != signature.KeyID {
			continue
		}
		known = true
		if minisign.Verify(key, h.Text, h.Signature) {
			return nil
		}
	}
	if !known {
		return fmt.Errorf("check signature: it is by key %s, which is not trusted here: get the bundle from where the firmware came from, or see docs/update.md on keys", KeyID(signature.KeyID))
	}
	return errors.New("check signature: it is not the manifest's: the bundle is damaged or forged")
}
