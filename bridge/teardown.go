package bridge

import "slices"

// planDown lists the steps that give the ports back: out of the bridge, their
// sysctls as the namespace's defaults have them, up; then the bridge goes, with
// its VLAN devices. A bridge that holds ports of somebody else is left to them.
// Sysctls of the namespace itself stay, since nobody knows what they were.
func planDown(spec Spec, st Status) []Op {
	var ops []Op
	ours := st.Bridge.Present && st.Bridge.Kind == "bridge"
	if ours {
		for _, l := range st.VLANs {
			if l.Kind == "vlan" && l.Parent == st.Bridge.Index {
				ops = append(ops, DeleteLink{l.Name})
			}
		}
	}
	for _, l := range st.ports() {
		in := ours && l.Master == spec.Name
		if !l.Present || !in && l.Master != "" {
			continue
		}
		if in {
			ops = append(ops, Release{l.Name, spec.Name})
		}
		// disable_ipv6 was last to be lifted and is first to return. A value that is not
		// ours any more is somebody's choice.
		wanted, defaults := linkSysctls(l.Name), linkSysctls("default")
		for i, s := range slices.Backward(wanted) {
			have, known := st.Sysctls[s.Key]
			def, ok := st.Sysctls[defaults[i].Key]
			if known && ok && have == s.Want && have != def {
				ops = append(ops, WriteSysctl{s.Key, have, def})
			}
		}
		if in && !l.Up { // link propagation held it
			ops = append(ops, SetUp{l.Name})
		}
	}
	if ours && len(st.Foreign) == 0 {
		ops = append(ops, DeleteLink{spec.Name})
	}
	return ops
}
