package interceptor

import (
	"fmt"
	"time"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// key is a concatenation of packet fields in the registers from keyRegister on.
type key struct {
	text  string
	exprs []expr.Any
}

// tupleKey is client address . client port . server address . server port.
func tupleKey(f family, d direction) key {
	client, server, a := f.saddr, f.daddr, [2]string{"saddr", "daddr"}
	cport, sport, p := uint32(0), uint32(2), [2]string{"sport", "dport"}
	if d == serverToClient {
		client, server, a = f.daddr, f.saddr, [2]string{"daddr", "saddr"}
		cport, sport, p = 2, 0, [2]string{"dport", "sport"}
	}
	words := f.addrLen / 4
	return key{fmt.Sprintf("%s %s . tcp %s . %s %s . tcp %s", f.word, a[0], p[0], f.word, a[1], p[1]), []expr.Any{
		&expr.Payload{DestRegister: keyRegister, Base: expr.PayloadBaseNetworkHeader, Offset: client, Len: f.addrLen},
		&expr.Payload{DestRegister: keyRegister + words, Base: expr.PayloadBaseTransportHeader, Offset: cport, Len: 2},
		&expr.Payload{DestRegister: keyRegister + words + 1, Base: expr.PayloadBaseNetworkHeader, Offset: server, Len: f.addrLen},
		&expr.Payload{DestRegister: keyRegister + 2*words + 1, Base: expr.PayloadBaseTransportHeader, Offset: sport, Len: 2},
	}}
}

// pairKey is client address . server address . server port: what is left of a
// tuple when the client's port is not kept.
func pairKey(f family, d direction) key {
	client, server, a, sport, p := f.saddr, f.daddr, [2]string{"saddr", "daddr"}, uint32(2), "dport"
	if d == serverToClient {
		client, server, a, sport, p = f.daddr, f.saddr, [2]string{"daddr", "saddr"}, 0, "sport"
	}
	words := f.addrLen / 4
	return key{fmt.Sprintf("%s %s . %s %s . tcp %s", f.word, a[0], f.word, a[1], p), []expr.Any{
		&expr.Payload{DestRegister: keyRegister, Base: expr.PayloadBaseNetworkHeader, Offset: client, Len: f.addrLen},
		&expr.Payload{DestRegister: keyRegister + words, Base: expr.PayloadBaseNetworkHeader, Offset: server, Len: f.addrLen},
		&expr.Payload{DestRegister: keyRegister + 2*words, Base: expr.PayloadBaseTransportHeader, Offset: sport, Len: 2},
	}}
}

// askedKey is the key of map asked: as much of a client's SYN as ours to the
// server repeats.
func (s Spec) askedKey(f family, d direction) key {
	if s.OwnPorts {
		return pairKey(f, d)
	}
	return tupleKey(f, d)
}

// in matches packets whose key is in a set.
func (k key) in(set string) statement {
	return statement{k.text + " @" + set, append(k.load(), &expr.Lookup{SourceRegister: keyRegister, SetName: set})}
}

// mapped matches packets whose key is in a map.
func (k key) mapped(name string) statement {
	return statement{k.text + " @" + name, append(k.load(),
		&expr.Lookup{SourceRegister: keyRegister, SetName: name, DestRegister: sourceMAC, IsDestRegSet: true})}
}

// notIn matches packets whose key is not in a set.
func (k key) notIn(set string) statement {
	return statement{k.text + " != @" + set, append(k.load(), &expr.Lookup{SourceRegister: keyRegister, SetName: set, Invert: true})}
}

// update puts the key into a set, or lets it live for the set's timeout from
// now. In a full set the rule ends here (nft_dynset.c: NFT_BREAK).
func (k key) update(set string) statement {
	return statement{fmt.Sprintf("update @%s { %s }", set, k.text), append(k.load(),
		&expr.Dynset{SrcRegKey: keyRegister, SetName: set, Operation: unix.NFT_DYNSET_OP_UPDATE})}
}

// shorten puts the key into a set for d, or lets it live for d from now.
func (k key) shorten(set string, d time.Duration) statement {
	return statement{fmt.Sprintf("update @%s { %s%s }", set, k.text, timeoutText(d)), append(k.load(),
		&expr.Dynset{SrcRegKey: keyRegister, SetName: set, Operation: unix.NFT_DYNSET_OP_UPDATE, Timeout: d})}
}

// remove takes the key out of a set; what is not in it is no error.
func (k key) remove(set string) statement {
	return statement{fmt.Sprintf("delete @%s { %s }", set, k.text), append(k.load(),
		&expr.Dynset{SrcRegKey: keyRegister, SetName: set, Operation: dynsetDelete})}
}

// learn maps the key to the frame's own MACs, source first, or keeps what it
// is mapped to for d more (the map's own timeout if 0): forget it first to
// change it. A full map ends the rule, as a full set does.
func (k key) learn(name string, d time.Duration) statement {
	return statement{fmt.Sprintf("update @%s { %s%s : %s }", name, k.text, timeoutText(d), frameText),
		append(k.loadWithMACs(), &expr.Dynset{SrcRegKey: keyRegister, SrcRegData: sourceMAC, SetName: name,
			Operation: unix.NFT_DYNSET_OP_UPDATE, Timeout: d})}
}

// forget takes the key out of a map. The kernel wants data even to delete
// (nft_dynset.c, nft_dynset_init).
func (k key) forget(name string) statement {
	return statement{fmt.Sprintf("delete @%s { %s : %s }", name, k.text, frameText),
		append(k.loadWithMACs(), &expr.Dynset{SrcRegKey: keyRegister, SrcRegData: sourceMAC, SetName: name, Operation: dynsetDelete})}
}

// Offsets of the two addresses in an Ethernet header.
const (
	etherDst = 0
	etherSrc = 6
)

const frameText = "ether saddr . ether daddr"

// writeSame gives the frame the MACs the map holds for the key.
func (k key) writeSame(name string) statement {
	return statement{fmt.Sprintf("ether saddr . ether daddr set %s map @%s", k.text, name),
		append(k.lookupMACs(name), writeEther(etherSrc, sourceMAC), writeEther(etherDst, destinationMAC))}
}

// writeReverse gives the frame the MACs of an answer to the frame whose MACs the map holds.
func (k key) writeReverse(name string) statement {
	return statement{fmt.Sprintf("ether daddr . ether saddr set %s map @%s", k.text, name),
		append(k.lookupMACs(name), writeEther(etherDst, sourceMAC), writeEther(etherSrc, destinationMAC))}
}

// learnReverse maps the key to the MACs of an answer to this frame, for as long as learn does.
func (k key) learnReverse(name string, d time.Duration) statement {
	return statement{fmt.Sprintf("update @%s { %s%s : ether daddr . ether saddr }", name, k.text, timeoutText(d)), append(k.load(),
		loadEther(etherDst, sourceMAC), loadEther(etherSrc, destinationMAC),
		&expr.Dynset{SrcRegKey: keyRegister, SrcRegData: sourceMAC, SetName: name, Operation: unix.NFT_DYNSET_OP_UPDATE, Timeout: d})}
}

// load is a copy, so that appending to it never touches another statement.
func (k key) load() []expr.Any { return append([]expr.Any(nil), k.exprs...) }

func (k key) loadWithMACs() []expr.Any {
	return append(k.load(), loadEther(etherSrc, sourceMAC), loadEther(etherDst, destinationMAC))
}

func (k key) lookupMACs(name string) []expr.Any {
	return append(k.load(), &expr.Lookup{SourceRegister: keyRegister, SetName: name, DestRegister: sourceMAC, IsDestRegSet: true})
}
