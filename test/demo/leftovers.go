package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"limpid/test/lab"
)

// leftovers looks for what a closed lab should have taken along: the names of
// its namespaces, and its directory. Its processes Close has waited for.
func leftovers(l *lab.Lab) error {
	paths := []string{l.Dir()}
	for _, n := range []*lab.Node{l.C1, l.C2, l.C3, l.C4, l.CR, l.LANSwitch, l.Box, l.WANSwitch, l.S1, l.S2, l.S3, l.R1, l.R2} {
		paths = append(paths, filepath.Join("/run/netns", n.Namespace()))
	}
	// ErrNotExist is the one good answer; any other may hide something.
	var errs []error
	for _, path := range paths {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("clean up: %s is still there", path))
		}
	}
	return errors.Join(errs...)
}
