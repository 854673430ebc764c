package bridge

import "context"

// Look is the bridge as it is, and what is still between it and its Spec.
type Look struct {
	Status
	Steps []Op // that Ensure would take now; none when all is as it should be
}

// Look reads the bridge and changes nothing.
func (b *Bridge) Look(ctx context.Context) (Look, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k, err := openKernel()
	if err != nil {
		return Look{}, err
	}
	defer k.close()
	st, err := k.readStatus(ctx, b.spec)
	if err != nil {
		return Look{}, err
	}
	return Look{Status: st, Steps: Plan(b.spec, st)}, nil
}
