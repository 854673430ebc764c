package bridge

import "slices"

// planDown lists the steps that give the ports back: out of the bridge, their
// sysctls as the namespace's defaults have them, up; then the bridge goes, with
// its VLAN devices. A bridge that holds ports of somebody else is left to them, unless
// the Spec is to be Alone.
// Sysctls of the namespace itself stay, since nobody knows what they were.
func planDown(spec Spec, st Status) []Op {
	if st.Bridge.Present && st.Bridge.Kind != "bridge" {
		return nil
	}
	var ops []Op
	for _, l := range st.VLANs {
		if l.Kind == "vlan" && st.Bridge.Present && l.Parent == st.Bridge.Index {
			ops = append(ops, DeleteLink{l.Name})
		}
	}
	for _, l := range st.ports() {
		ops = append(ops, giveBack(spec, st, l)...)
	}
	ops = append(ops, releaseForeign(spec, st)...)
	if st.Bridge.Present && (len(st.Foreign) == 0 || spec.takesForeign(st)) {
		ops = append(ops, DeleteLink{spec.Name})
	}
	return ops
}

// giveBack leaves a port alone that is in somebody else's bridge by now. One that was
// in ours, which is gone, still has our sysctls.
func giveBack(spec Spec, st Status, l Link) []Op {
	if !l.Present || l.Master != "" && l.Master != spec.Name {
		return nil
	}
	ops := restore(st, l.Name)
	if l.Master != spec.Name {
		return ops
	}
	ops = append([]Op{Release{l.Name, spec.Name}}, ops...)
	if !l.Up { // link propagation held it
		ops = append(ops, SetUp{l.Name})
	}
	return ops
}

// restore puts a port's sysctls back to the defaults. A value that is not ours any
// more is somebody's choice. disable_ipv6 was last to be lifted and is first to return.
func restore(st Status, port string) []Op {
	var ops []Op
	defaults := linkSysctls("default")
	for i, s := range slices.Backward(linkSysctls(port)) {
		have, known := st.Sysctls[s.Key]
		def, ok := st.Sysctls[defaults[i].Key]
		if known && ok && have == s.Want && have != def {
			ops = append(ops, WriteSysctl{s.Key, have, def})
		}
	}
	return ops
}
