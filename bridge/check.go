package bridge

import "context"

// Check looks whether the Spec can be built here and touches nothing. Its error
// unwraps to one for each finding, each with its mend. If all that is wrong is a
// port that does not exist, the error is a *MissingPortError: Ensure and Watch can
// go on without it.
func Check(ctx context.Context, spec Spec) error {
	if err := spec.validate(); err != nil {
		return err
	}
	k, err := openKernel()
	if err != nil {
		return err
	}
	defer k.close()
	st, err := k.readStatus(ctx, spec)
	if err != nil {
		return err
	}
	errs := append(conflicts(spec, st), preflight(spec, st)...)
	if err := k.mayAdminister(); err != nil {
		errs = append(errs, err)
	} else if len(spec.vlans()) > 0 {
		if err := k.vlansSupported(); err != nil {
			errs = append(errs, err)
		}
	}
	if missing := st.Missing(); len(errs) == 0 && len(missing) > 0 {
		return &MissingPortError{missing}
	}
	return errs.err()
}
