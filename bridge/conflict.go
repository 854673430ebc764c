package bridge

import (
	"fmt"
	"strings"
)

// conflicts lists what stands between the Spec and the kernel and is not ours to
// remove. Plan works around each of them.
func conflicts(spec Spec, st Status) problems {
	var errs problems
	if st.Bridge.Present && st.Bridge.Kind != "bridge" {
		errs = append(errs, fmt.Errorf("interface %s exists and is no bridge%s: choose another [bridge] name or remove it",
			spec.Name, ofKind(st.Bridge.Kind)))
	}
	for _, port := range st.ports() {
		if !port.Present {
			continue
		}
		if err := port.portConflict(st.bridgeName(spec)); err != nil {
			errs = append(errs, err)
		}
	}
	for _, id := range spec.vlans() {
		if l := st.vlan(spec.vlanName(id)); l.Present {
			if err := vlanConflict(spec, st, l, id); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errs
}

// vlanConflict reports that the name of a VLAN device is taken.
func vlanConflict(spec Spec, st Status, l Link, id uint16) error {
	if l.Kind == "vlan" && l.VLAN == id && l.Parent == st.Bridge.Index {
		return nil
	}
	return fmt.Errorf("interface %s exists and is not VLAN %d of %s: rename it or correct [bridge] vlans", l.Name, id, spec.Name)
}

// preflight lists what Check refuses beyond conflicts: what Ensure would build
// although it takes something from the administrator.
func preflight(spec Spec, st Status) problems {
	var errs problems
	for _, port := range st.ports() {
		if err := port.addressConflict(st.bridgeName(spec)); err != nil {
			errs = append(errs, err)
		}
		if err := port.stackedConflict(); err != nil {
			errs = append(errs, err)
		}
	}
	if len(st.Foreign) > 0 && st.Bridge.Kind == "bridge" {
		errs = append(errs, fmt.Errorf("bridge %s already has the port %s: choose another [bridge] name or take it out (ip link set %s nomaster)",
			spec.Name, strings.Join(st.Foreign, " and "), st.Foreign[0]))
	}
	return errs
}
