package update

import (
	"fmt"

	"limpid/appliance/update/bundle"
)

// Box is what a bundle must suit.
type Box struct {
	Version string // of the firmware that runs; one that is no version is older than all
	Board   string
}

// Suits says whether a bundle may be installed, and what its slot image is.
// With downgrade it may be older than what runs.
func (b Box) Suits(m bundle.Manifest, downgrade bool) (bundle.Part, error) {
	if m.Board != b.Board {
		return bundle.Part{}, fmt.Errorf("the bundle is for board %s, this box is %s: get the one for it", m.Board, b.Board)
	}
	wanted, err := bundle.ParseVersion(m.Version)
	if err != nil {
		return bundle.Part{}, err
	}
	runs, err := bundle.ParseVersion(b.Version)
	if err != nil {
		runs = bundle.Version{} // a development build
	}
	if wanted.Compare(runs) < 0 && !downgrade {
		return bundle.Part{}, fmt.Errorf("the bundle is version %v, older than %v, which runs: ask for a downgrade if that is meant", wanted, runs)
	}
	if m.Minimum != "" {
		if minimum, err := bundle.ParseVersion(m.Minimum); err != nil || runs.Compare(minimum) < 0 {
			return bundle.Part{}, fmt.Errorf("the bundle can only follow version %s or later, and %s runs: update to that first", m.Minimum, b.Version)
		}
	}
	if len(m.Parts) != 1 || m.Parts[0].Name != bundle.SlotPart {
		return bundle.Part{}, fmt.Errorf("the bundle holds more than a %s, which version %s cannot install: update to a version in between first", bundle.SlotPart, b.Version)
	}
	return m.Parts[0], nil
}
