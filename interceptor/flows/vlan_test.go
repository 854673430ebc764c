package flows

import (
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// Where struct __sk_buff (linux/bpf.h) has things.
const (
	markAt = 8
	tciAt  = 24
)

// recorder tells what the last frame had that went by.
type recorder struct{ last *ebpf.Map }

const nothingYet = 0xdeadbeef

// record reads a word of the context behind all programs that are there.
func record(t *testing.T, port string, kind ebpf.AttachType, at int16) recorder {
	t.Helper()
	last, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	must(t, err)
	t.Cleanup(func() { _ = last.Close() })
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.SchedCLS, License: "Apache-2.0", Instructions: asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1),
		asm.StoreImm(asm.RFP, -4, 0, asm.Word),
		asm.LoadMapPtr(asm.R1, last.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "pass"),
		asm.LoadMem(asm.R1, asm.R6, at, asm.Word),
		asm.StoreMem(asm.R0, 0, asm.R1, asm.Word),
		asm.Mov.Imm(asm.R0, -1).WithSymbol("pass"),
		asm.Return(),
	}})
	must(t, err)
	l, err := link.AttachTCX(link.TCXOptions{Interface: found(t, port).Attrs().Index, Program: program, Attach: kind})
	must(t, err)
	must(t, program.Close())
	t.Cleanup(func() { _ = l.Close() })
	return recorder{last}
}

func (r recorder) clear(t *testing.T) {
	t.Helper()
	must(t, r.last.Put(uint32(0), uint32(nothingYet)))
}

func (r recorder) wait(t *testing.T, what string, want uint32) {
	t.Helper()
	var got uint32
	for range 200 {
		must(t, r.last.Lookup(uint32(0), &got))
		if got != nothingYet {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got != want {
		t.Errorf("%s: %#x, want %#x", what, got, want)
	}
}

// send puts a frame on the wire of a peer.
func send(t *testing.T, peer string, frame []byte) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	defer unix.Close(fd)
	must(t, unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: found(t, peer).Attrs().Index}))
}

// Only a port takes the tag off a frame before a program sees it: no test run can.
func TestVLANs(t *testing.T) {
	s := box(t)
	s.VLANs = []uint16{0, 5, 4094}
	b := opened(t)
	b.apply(s)
	marked := record(t, "eth0", ebpf.AttachTCXIngress, markAt)
	arrived := record(t, "peer1", ebpf.AttachTCXIngress, tciAt)
	k := talks["IPv4"]
	asked := func(vlan uint32) uint32 { return marks.Asked | vlan<<4 }
	tests := map[string]struct {
		frame []byte
		mark  uint32
		tci   uint32
	}{
		"untagged":        {k.up(syn), asked(0), 0},
		"captured":        {tagged(k.up(syn), 0x8100, 5), asked(5), 5},
		"the highest":     {set(tagged(k.up(syn), 0x8100, 0xfe), 0, 0x0f), asked(4094), 4094},
		"with a priority": {set(tagged(k.up(syn), 0x8100, 5), 0, 0xe0), asked(5), 0xe005},
		"not captured":    {tagged(k.up(syn), 0x8100, 6), 0, 6},
		"only a priority": {set(tagged(k.up(syn), 0x8100, 0), 0, 0xe0), 0, 0xe000},
		"a service tag":   {tagged(k.up(syn), 0x88a8, 5), 0, 5},
		"two tags":        {tagged(tagged(k.up(syn), 0x8100, 5), 0x8100, 5), 0, 5},
		"IPv6 in VLAN 5":  {tagged(talks["IPv6"].up(syn), 0x8100, 5), asked(5), 5},
		"another port":    {k.to(81).up(syn), 0, 0},
	}
	for name, tt := range tests {
		marked.clear(t)
		arrived.clear(t)
		send(t, "peer0", tt.frame) // from this thread: no other is in the namespace
		marked.wait(t, name+": mark", tt.mark)
		arrived.wait(t, name+": tag that arrived", tt.tci)
	}
}

// Without rules that decide, what the programs mark is bridged all the same.
func TestMarkedFramesAreBridged(t *testing.T) {
	s := box(t)
	b := opened(t)
	b.apply(s)
	for _, k := range talks {
		marked := record(t, "eth0", ebpf.AttachTCXIngress, markAt)
		left := record(t, "eth1", ebpf.AttachTCXEgress, markAt)
		marked.clear(t)
		left.clear(t)
		send(t, "peer0", k.up(syn))
		marked.wait(t, "mark on the way in", marks.Asked)
		left.wait(t, "mark on the way out", 0)
		b.live(0)
		b.remembered(0)
	}
}
