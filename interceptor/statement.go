package interceptor

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// statement is a part of a rule: its text in nft's language, for people, and
// its expressions, for the kernel.
type statement struct {
	text  string
	exprs []expr.Any
}

// Registers (linux/netfilter/nf_tables.h): keys are built in the 4-byte
// registers from keyRegister up, at most ten; a pair of MACs lies in the last
// four, two for each.
const (
	register       = unix.NFT_REG32_00
	keyRegister    = unix.NFT_REG32_00
	sourceMAC      = unix.NFT_REG32_00 + 12
	destinationMAC = unix.NFT_REG32_00 + 14
)

// What x/sys/unix lacks of linux/netfilter/nf_tables.h.
const (
	metaBroute   = 35 // NFT_META_BRI_BROUTE, Linux 6.4
	dynsetDelete = 2  // NFT_DYNSET_OP_DELETE, Linux 5.4
)

const (
	tcpFIN  = 0x01
	tcpSYN  = 0x02
	tcpRST  = 0x04
	tcpPSH  = 0x08
	tcpACK  = 0x10
	ifNameN = 16
)

func metaEqual(text string, key expr.MetaKey, data []byte) statement {
	return statement{text, []expr.Any{
		&expr.Meta{Key: key, Register: register},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: data},
	}}
}

func nameBytes(name string) []byte {
	b := make([]byte, ifNameN)
	copy(b, name)
	return b
}

func iifname(name string) statement {
	return metaEqual(fmt.Sprintf("iifname %q", name), expr.MetaKeyIIFNAME, nameBytes(name))
}

func iifnameNot(name string) statement {
	return statement{fmt.Sprintf("iifname != %q", name), []expr.Any{
		&expr.Meta{Key: expr.MetaKeyIIFNAME, Register: register},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: register, Data: nameBytes(name)},
	}}
}

// armedPort matches what came in by a port that is armed.
func armedPort() statement {
	return statement{"iifname @" + setArmed, []expr.Any{
		&expr.Meta{Key: expr.MetaKeyIIFNAME, Register: register},
		&expr.Lookup{SourceRegister: register, SetName: setArmed},
	}}
}

func markIs(m Mark) statement {
	return metaEqual(fmt.Sprintf("meta mark %#x", uint32(m)), expr.MetaKeyMARK, binaryutil.NativeEndian.PutUint32(uint32(m)))
}

func setMark(m Mark) statement {
	return statement{fmt.Sprintf("meta mark set %#x", uint32(m)), []expr.Any{
		&expr.Immediate{Register: register, Data: binaryutil.NativeEndian.PutUint32(uint32(m))},
		&expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: register},
	}}
}

// etherType matches the type field as it is on the wire: a tagged frame shows
// 0x8100 there even where the NIC has taken the tag out (nft_payload.c,
// nft_payload_copy_vlan), and so never matches an untagged rule.
func etherType(f family, vlan uint16) statement {
	typ := binaryutil.BigEndian.PutUint16(f.etherType)
	if vlan == 0 {
		return statement{"ether type " + f.word, []expr.Any{
			&expr.Payload{DestRegister: register, Base: expr.PayloadBaseLLHeader, Offset: 12, Len: 2},
			&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: typ},
		}}
	}
	return statement{fmt.Sprintf("vlan id %d vlan type %s", vlan, f.word), []expr.Any{
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseLLHeader, Offset: 12, Len: 2},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: binaryutil.BigEndian.PutUint16(unix.ETH_P_8021Q)},
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseLLHeader, Offset: 14, Len: 2},
		&expr.Bitwise{SourceRegister: register, DestRegister: register, Len: 2, Mask: []byte{0x0f, 0xff}, Xor: []byte{0, 0}},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: binaryutil.BigEndian.PutUint16(vlan)},
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseLLHeader, Offset: 16, Len: 2},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: typ},
	}}
}

func tcp() statement {
	return metaEqual("meta l4proto tcp", expr.MetaKeyL4PROTO, []byte{unix.IPPROTO_TCP})
}

// wholeTCP matches TCP in one piece. Fragments, and IPv6 packets that have
// another header before TCP, are bridged: the pieces of a packet must all go
// the same way, and only the first one shows its ports.
func wholeTCP(f family) statement {
	if f.suffix == "6" {
		return statement{"ip6 nexthdr tcp", []expr.Any{
			&expr.Payload{DestRegister: register, Base: expr.PayloadBaseNetworkHeader, Offset: 6, Len: 1},
			&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: []byte{unix.IPPROTO_TCP}},
		}}
	}
	whole := tcp()
	whole.text = "ip frag-off & 0x3fff == 0 " + whole.text
	whole.exprs = append([]expr.Any{
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseNetworkHeader, Offset: 6, Len: 2},
		&expr.Bitwise{SourceRegister: register, DestRegister: register, Len: 2, Mask: []byte{0x3f, 0xff}, Xor: []byte{0, 0}},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: []byte{0, 0}},
	}, whole.exprs...)
	return whole
}

func family4or6(f family) statement {
	name := map[string]string{"4": "ipv4", "6": "ipv6"}[f.suffix]
	return metaEqual("meta nfproto "+name, expr.MetaKeyNFPROTO, []byte{f.proto})
}

// within matches packets whose address at offset is in a prefix.
func within(f family, word string, offset uint32, p netip.Prefix) statement {
	return statement{fmt.Sprintf("%s %s %v", f.word, word, p.Masked()), []expr.Any{
		&expr.Payload{DestRegister: keyRegister, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: f.addrLen},
		&expr.Bitwise{SourceRegister: keyRegister, DestRegister: keyRegister, Len: f.addrLen,
			Mask: net.CIDRMask(p.Bits(), f.bits), Xor: make([]byte, f.addrLen)},
		&expr.Cmp{Op: expr.CmpOpEq, Register: keyRegister, Data: p.Masked().Addr().AsSlice()},
	}}
}

// capturedPort matches segments whose server has a captured port.
func capturedPort(d direction) statement {
	word, offset := "dport", uint32(2)
	if d == serverToClient {
		word, offset = "sport", 0
	}
	return statement{fmt.Sprintf("tcp %s @%s", word, setPorts), []expr.Any{
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseTransportHeader, Offset: offset, Len: 2},
		&expr.Lookup{SourceRegister: register, SetName: setPorts},
	}}
}

// otherPorts matches TCP neither end of which is a captured port.
func otherPorts(set string) statement {
	out := tcp()
	out.text += fmt.Sprintf(" tcp dport != @%s tcp sport != @%s", set, set)
	for _, offset := range []uint32{2, 0} {
		out.exprs = append(out.exprs,
			&expr.Payload{DestRegister: register, Base: expr.PayloadBaseTransportHeader, Offset: offset, Len: 2},
			&expr.Lookup{SourceRegister: register, SetName: set, Invert: true})
	}
	return out
}

func tcpFlags(text string, mask byte, op expr.CmpOp, value byte) statement {
	return statement{text, []expr.Any{
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseTransportHeader, Offset: 13, Len: 1},
		&expr.Bitwise{SourceRegister: register, DestRegister: register, Len: 1, Mask: []byte{mask}, Xor: []byte{0}},
		&expr.Cmp{Op: op, Register: register, Data: []byte{value}},
	}}
}

// syn matches the first packet of a handshake only.
func syn() statement {
	return tcpFlags("tcp flags & (fin|syn|rst|ack) == syn", tcpFIN|tcpSYN|tcpRST|tcpACK, expr.CmpOpEq, tcpSYN)
}

// synAck matches the server's answer to it.
func synAck() statement {
	return tcpFlags("tcp flags & (fin|syn|rst|ack) == syn|ack", tcpFIN|tcpSYN|tcpRST|tcpACK, expr.CmpOpEq, tcpSYN|tcpACK)
}

// pushed matches data that is neither the beginning nor the end of anything.
func pushed() statement {
	return tcpFlags("tcp flags & (fin|syn|rst|psh) == psh", tcpFIN|tcpSYN|tcpRST|tcpPSH, expr.CmpOpEq, tcpPSH)
}

// edgeOf matches what may begin or end a connection.
func edgeOf() statement {
	return tcpFlags("tcp flags & (fin|syn|rst) != 0", tcpFIN|tcpSYN|tcpRST, expr.CmpOpNeq, 0)
}

// endOf matches what says the last, or breaks off.
func endOf() statement {
	return tcpFlags("tcp flags & (fin|rst) != 0", tcpFIN|tcpRST, expr.CmpOpNeq, 0)
}

// midway matches what is neither the beginning nor the end of a connection.
func midway() statement {
	return tcpFlags("tcp flags & (fin|syn|rst) == 0", tcpFIN|tcpSYN|tcpRST, expr.CmpOpEq, 0)
}

// notSYN matches all that does not begin a connection.
func notSYN() statement {
	return tcpFlags("tcp flags & (fin|syn|rst|ack) != syn", tcpFIN|tcpSYN|tcpRST|tcpACK, expr.CmpOpNeq, tcpSYN)
}

func rst() statement { return tcpFlags("tcp flags & rst == rst", tcpRST, expr.CmpOpEq, tcpRST) }

func etherDstIs(mac []byte, text string) statement {
	return statement{"ether daddr " + text, []expr.Any{
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseLLHeader, Offset: 0, Len: 6},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: mac},
	}}
}

func setEtherDst(mac []byte, text string) statement {
	return statement{"ether daddr set " + text, []expr.Any{
		&expr.Immediate{Register: register, Data: mac},
		writeEther(0, register),
	}}
}

func loadEther(offset, into uint32) expr.Any {
	return &expr.Payload{DestRegister: into, Base: expr.PayloadBaseLLHeader, Offset: offset, Len: 6}
}

func writeEther(offset, from uint32) expr.Any {
	return &expr.Payload{OperationType: expr.PayloadWrite, SourceRegister: from, Base: expr.PayloadBaseLLHeader, Offset: offset, Len: 6}
}

// pkttypeHost makes IP input take a frame that was addressed to someone else.
func pkttypeHost() statement {
	return statement{"meta pkttype set host", []expr.Any{
		&expr.Immediate{Register: register, Data: []byte{unix.PACKET_HOST}},
		&expr.Meta{Key: expr.MetaKeyPKTTYPE, SourceRegister: true, Register: register},
	}}
}

func broute() statement {
	return statement{"meta broute set 1", []expr.Any{
		&expr.Immediate{Register: register, Data: []byte{1}},
		&expr.Meta{Key: metaBroute, SourceRegister: true, Register: register},
	}}
}

func verdict(kind expr.VerdictKind, text, chain string) statement {
	return statement{strings.TrimSpace(text + " " + chain), []expr.Any{&expr.Verdict{Kind: kind, Chain: chain}}}
}

func accept() statement             { return verdict(expr.VerdictAccept, "accept", "") }
func drop() statement               { return verdict(expr.VerdictDrop, "drop", "") }
func leave() statement              { return verdict(expr.VerdictReturn, "return", "") }
func jump(chain string) statement   { return verdict(expr.VerdictJump, "jump", chain) }
func follow(chain string) statement { return verdict(expr.VerdictGoto, "goto", chain) }

func count(name string) statement {
	return statement{"counter name " + name, []expr.Any{&expr.Objref{Type: unix.NFT_OBJECT_COUNTER, Name: name}}}
}

// askQueue hands the SYN to the gate; with nobody listening it passes on as it
// is (NFT_QUEUE_FLAG_BYPASS), and so does one that finds the queue full.
func askQueue(number uint16) statement {
	return statement{fmt.Sprintf("queue num %d bypass", number), []expr.Any{
		&expr.Queue{Num: number, Total: 1, Flag: expr.QueueFlagBypass},
	}}
}

func tproxyTo(f family, addr []byte, text string, port uint16) statement {
	return statement{fmt.Sprintf("tproxy %s to %s:%d", f.word, text, port), []expr.Any{
		&expr.Immediate{Register: keyRegister, Data: addr},
		&expr.Immediate{Register: sourceMAC, Data: binaryutil.BigEndian.PutUint16(port)},
		&expr.TProxy{Family: f.proto, TableFamily: unix.NFPROTO_INET, RegAddr: keyRegister, RegPort: sourceMAC},
	}}
}

func timeoutText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return " timeout " + d.String()
}
