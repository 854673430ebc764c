package update

import (
	_ "embed"
	"errors"
	"fmt"
	"os"

	"limpid/appliance/update/bundle"
)

//go:embed trusted.pub
var builtin string

// KeysPath is the file of public keys that, on a box, takes the place of those
// that are built in.
const KeysPath = "/data/config/update.pub"

// TrustedKeys gives the keys whose bundles are taken: those in the file, if it
// is there, else those that are built in.
func TrustedKeys(path string) (bundle.Keys, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return bundle.ParseKeys(builtin)
	}
	if err != nil {
		return nil, fmt.Errorf("read trusted keys: %w", err)
	}
	keys, err := bundle.ParseKeys(string(text))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return keys, nil
}
