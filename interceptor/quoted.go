package interceptor

import (
	"fmt"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// icmpHeader is what an ICMP error has before the packet it quotes (RFC 792; RFC
// 4443, section 3), in bytes.
const icmpHeader = 8

// quotedKey is a flow's key in the TCP packet that an ICMP error quotes, which went
// the way of d.
func quotedKey(f family, d direction) key {
	client, server, ports := icmpHeader+f.saddr, icmpHeader+f.daddr, icmpHeader+f.headerLen
	cport, sport := ports, ports+2
	if d == serverToClient {
		client, server, cport, sport = server, client, sport, cport
	}
	bits := 8 * f.addrLen
	words := f.addrLen / 4
	return key{fmt.Sprintf("@th,%d,%d . @th,%d,16 . @th,%d,%d . @th,%d,16", 8*client, bits, 8*cport, 8*server, bits, 8*sport), []expr.Any{
		&expr.Payload{DestRegister: keyRegister, Base: expr.PayloadBaseTransportHeader, Offset: client, Len: f.addrLen},
		&expr.Payload{DestRegister: keyRegister + words, Base: expr.PayloadBaseTransportHeader, Offset: cport, Len: 2},
		&expr.Payload{DestRegister: keyRegister + words + 1, Base: expr.PayloadBaseTransportHeader, Offset: server, Len: f.addrLen},
		&expr.Payload{DestRegister: keyRegister + 2*words + 1, Base: expr.PayloadBaseTransportHeader, Offset: sport, Len: 2},
	}}
}

// wholeICMP matches ICMP in one piece, as wholeTCP does TCP.
func wholeICMP(f family) statement {
	if f.suffix == "6" {
		return statement{"ip6 nexthdr ipv6-icmp", []expr.Any{
			&expr.Payload{DestRegister: register, Base: expr.PayloadBaseNetworkHeader, Offset: 6, Len: 1},
			&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: []byte{unix.IPPROTO_ICMPV6}},
		}}
	}
	return statement{"meta l4proto icmp ip frag-off & 0x3fff == 0", []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: register},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: []byte{unix.IPPROTO_ICMP}},
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseNetworkHeader, Offset: 6, Len: 2},
		&expr.Bitwise{SourceRegister: register, DestRegister: register, Len: 2, Mask: []byte{0x3f, 0xff}, Xor: []byte{0, 0}},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: []byte{0, 0}},
	}}
}

// unreachable matches errors that say of a TCP packet that it cannot get through, or
// is too large to. What else there is (time exceeded, for one) is for who asks.
func unreachable(f family) statement {
	byteAt := func(at uint32) expr.Any {
		return &expr.Payload{DestRegister: register, Base: expr.PayloadBaseTransportHeader, Offset: at, Len: 1}
	}
	equal := func(value byte) expr.Any {
		return &expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: []byte{value}}
	}
	if f.suffix == "6" {
		return statement{"icmpv6 type 1-2 @th,112,8 tcp", []expr.Any{
			byteAt(0), &expr.Range{Op: expr.CmpOpEq, Register: register, FromData: []byte{1}, ToData: []byte{2}},
			byteAt(icmpHeader + 6), equal(unix.IPPROTO_TCP),
		}}
	}
	// Ours have no options, so that the ports are where they are looked for.
	return statement{"icmp type destination-unreachable @th,64,8 0x45 @th,136,8 tcp", []expr.Any{
		byteAt(0), equal(3), byteAt(icmpHeader), equal(0x45), byteAt(icmpHeader + 9), equal(unix.IPPROTO_TCP),
	}}
}

// errorChain takes ICMP errors about segments of the box's own, which speak in the
// ends' names: nobody else can make anything of them, since the sequence numbers
// that they quote are the box's. Without it a path that takes smaller packets than
// its first hop would swallow what clients send, until tcp_mtu_probing notices.
func (s Spec) errorChain(name string, f family, takeLAN, takeWAN string) chain {
	errorOf := func(port string, quoted key, set, take, why string) rule {
		return rule{why: why, parts: []statement{iifname(port), unreachable(f), quoted.in(set), follow(take)}}
	}
	up, down := quotedKey(f, clientToServer), quotedKey(f, serverToClient)
	c := chain{name: name, rules: []rule{errorOf(s.WAN, up, serverLeg(f).slot, takeWAN, "about what we have sent to a server")}}
	if !s.OwnPorts {
		c.rules = append(c.rules, errorOf(s.WAN, up, s.expected(f), takeWAN, "about our SYN"))
	}
	c.rules = append(c.rules, errorOf(s.LAN, down, clientLeg(f).slot, takeLAN, "about what we have sent to a client"))
	return c
}
