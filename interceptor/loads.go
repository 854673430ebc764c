package interceptor

import "github.com/google/nftables/expr"

// registers is how many 4-byte registers there are from register on
// (linux/netfilter/nf_tables.h, NFT_REG32_COUNT).
const registers = 16

// load is a field of the frame as a register holds it; the zero load is nothing.
type load struct {
	base        expr.PayloadBase
	offset, len uint32
}

// withoutRepeats leaves out loads of what lies in those registers already: the
// statements of a rule mostly ask about the same tuple, one set after the other.
func withoutRepeats(exprs []expr.Any) []expr.Any {
	var held [registers]load // by the first register
	spoil := func(first, length uint32) {
		for i, l := range held {
			start, end := uint32(i), uint32(i)+words(l.len)
			if l != (load{}) && start < first+words(length) && first < end {
				held[i] = load{}
			}
		}
	}
	var out []expr.Any
	for _, e := range exprs {
		switch e := e.(type) {
		case *expr.Payload:
			if e.OperationType == expr.PayloadWrite {
				held = [registers]load{} // the frame is another one now
				break
			}
			first, l := e.DestRegister-register, load{e.Base, e.Offset, e.Len}
			if held[first] == l {
				continue
			}
			spoil(first, e.Len)
			held[first] = l
		case *expr.Cmp, *expr.Range, *expr.Dynset, *expr.Verdict, *expr.Objref:
			// They read registers.
		case *expr.Lookup:
			if e.IsDestRegSet {
				spoil(e.DestRegister-register, macsLen)
			}
		case *expr.Bitwise:
			spoil(e.DestRegister-register, e.Len)
		default:
			held = [registers]load{}
		}
		out = append(out, e)
	}
	return out
}

// macsLen is how many bytes of registers two MACs take, each in whole registers.
const macsLen = 16

// words is how many registers so many bytes take.
func words(length uint32) uint32 { return (length + 3) / 4 }
