package boot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"limpid/appliance/control"
	"limpid/appliance/durable"
)

// seedSize is in bytes: what the kernel's generator holds, twice.
const seedSize = 64

// mixEntropy stirs the seed of the run before into the kernel's generator, and
// saves another for the next: a box without a random number instruction should not
// make the same keys at each start. It is not counted as entropy, since a disk may
// have been copied; the kernel gathers enough by itself within a second (Linux 5.4).
func mixEntropy(_ context.Context, b *Box) error {
	if b.told().Data != control.DataDisk {
		return nil
	}
	path := filepath.Join(configDir, "seed")
	if seed, err := os.ReadFile(path); err == nil {
		if err := writeFile("/dev/urandom", string(seed)); err != nil {
			return err
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("read seed: %w", err)
	}
	fresh := make([]byte, seedSize)
	_, _ = rand.Read(fresh) // never fails (Go 1.24)
	return durable.Replace(path, fresh, 0o600)
}
