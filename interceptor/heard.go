package interceptor

import (
	"fmt"

	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// priorityHeard has no other chain of ours beside it.
const priorityHeard = 0

// heardChain marks LLDP frames by the port they came in by, for sockets on the bridge:
// that port does not tell them. The bridge's input hook is met by copies that the
// bridge itself is given, of frames to groups and to all, and never by what only
// crosses; frames that broute takes do not meet it either, those that redirect takes
// meet its first rule (net/bridge/br_input.c: br_pass_frame_up).
func (s Spec) heardChain() chain {
	return chain{name: "heard", hook: "input", priority: priorityHeard, rules: []rule{
		{why: "nothing else is marked here", parts: []statement{notLLDP(), accept()}},
		{why: "a neighbour at the clients' end", parts: []statement{iifname(s.LAN), setMark(MarkHeardLAN)}},
		{why: "a neighbour at the servers' end", parts: []statement{iifname(s.WAN), setMark(MarkHeardWAN)}},
	}}
}

// notLLDP looks at the type as the kernel has it, behind a VLAN tag that it has taken out.
func notLLDP() statement {
	return statement{fmt.Sprintf("meta protocol != %#x", unix.ETH_P_LLDP), []expr.Any{
		&expr.Meta{Key: expr.MetaKeyPROTOCOL, Register: register},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: register, Data: binaryutil.BigEndian.PutUint16(unix.ETH_P_LLDP)},
	}}
}
