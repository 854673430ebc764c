package flows

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// What programs say of a frame (linux/pkt_cls.h).
const (
	unspec = 0xffffffff
	shot   = 2
)

var marks = Marks{
	FromClient: 0x4c500002, FromServer: 0x4c500003, ToClient: 0x4c500004, ToServer: 0x4c500005, Asked: 0x4c500008, Full: 0x4c500009,
}

const inVLAN5 = 5 << 4

// States of a flow, as in flows.c.
const (
	captured     = 0x002
	spoken       = 0x004
	clientFIN    = 0x010
	saidToClient = 0x020
	clientRST    = 0x040
	expected     = 0x800
	dying        = 0x1000
)

func specified() Spec {
	return Spec{
		LAN: "eth0", WAN: "eth1", BridgeMAC: boxMAC, Ports: []uint16{80}, VLANs: []uint16{0}, IPv6: true, Slots: 10, Marks: marks,
		FlowTimeout: 40 * time.Second, OpeningTimeout: 20 * time.Second, AskedTimeout: 5 * time.Second, EndedTimeout: 10 * time.Second,
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bench runs programs that are at no port.
type bench struct {
	t testing.TB
	*Memory
}

func newBench(t testing.TB, s Spec) bench {
	t.Helper()
	loaded, err := load(s, nil)
	if err != nil {
		t.Fatalf("%v (run as root)", err)
	}
	m := New()
	m.spec, m.loaded = &s, loaded
	t.Cleanup(func() { must(t, m.Close()) })
	return bench{t, m}
}

// context is struct __sk_buff (linux/bpf.h); a test run lets the mark be set, and refuses
// nearly all the rest.
type context struct {
	_    [2]uint32
	Mark uint32
	_    [45]uint32
}

type outcome struct {
	verdict, mark uint32
	frame         []byte
}

// run gives a frame to a program. Some that no stack would let through are refused by the
// kernel before that.
func (b bench) run(program string, mark uint32, frame []byte) (outcome, error) {
	var after context
	run := ebpf.RunOptions{Data: frame, DataOut: make([]byte, len(frame)+256), Context: context{Mark: mark}, ContextOut: &after}
	verdict, err := b.loaded.Programs[program].Run(&run)
	return outcome{verdict, after.Mark, run.DataOut}, err
}

func (b bench) passed(program string, mark uint32, frame []byte) outcome {
	b.t.Helper()
	o, err := b.run(program, mark, frame)
	must(b.t, err)
	if o.verdict != unspec {
		b.t.Fatalf("%s of a frame marked %#x: verdict %d", program, mark, int32(o.verdict))
	}
	return o
}

// marked wants a frame to be passed as it is, with a mark.
func (b bench) marked(program string, mark uint32, frame []byte, want uint32) {
	b.t.Helper()
	o := b.passed(program, mark, frame)
	if !bytes.Equal(o.frame, frame) {
		b.t.Errorf("%s changed a frame:\n%x into\n%x", program, frame, o.frame)
	}
	if o.mark != want {
		b.t.Errorf("%s of a frame marked %#x: mark %#x, want %#x", program, mark, o.mark, want)
	}
}

func (b bench) fromClient(frame []byte, want uint32) {
	b.t.Helper()
	b.marked("from_client", 0, frame, want)
}

func (b bench) fromServer(frame []byte, want uint32) {
	b.t.Helper()
	b.marked("from_server", 0, frame, want)
}

// written wants a frame to be given MACs, and nothing else.
func (b bench) written(program string, mark uint32, frame []byte, want macs) {
	b.t.Helper()
	frame = with(madeUp, frame)
	o := b.passed(program, mark, frame)
	if !bytes.Equal(o.frame, with(want, frame)) {
		b.t.Errorf("%s made\n%x\nwant %+v before\n%x", program, o.frame, want, frame[12:])
	}
	if o.mark != 0 {
		b.t.Errorf("%s left mark %#x", program, o.mark)
	}
}

func (b bench) toClient(frame []byte, want macs) {
	b.t.Helper()
	b.written("to_client", marks.ToClient, frame, want)
}

func (b bench) toServer(frame []byte, want macs) {
	b.t.Helper()
	b.written("to_server", marks.ToServer, frame, want)
}

// bridged lets the rules have let go of a SYN.
func (b bench) bridged(mark uint32, frame []byte) {
	b.t.Helper()
	b.marked("to_server", mark, frame, 0)
}

func (b bench) dropped(program string, mark uint32, frame []byte) {
	b.t.Helper()
	o, err := b.run(program, mark, frame)
	must(b.t, err)
	if o.verdict != shot {
		b.t.Errorf("%s of a frame marked %#x: verdict %d, want it dropped", program, mark, int32(o.verdict))
	}
}

func (b bench) live(want uint64) {
	b.t.Helper()
	got, err := b.Live()
	must(b.t, err)
	if got != want {
		b.t.Errorf("%d flows have a slot, want %d", got, want)
	}
}

// known is what is remembered of a flow, nil for nothing.
func (b bench) known(k talk) *flow {
	b.t.Helper()
	var f flow
	err := b.loaded.Maps[mapFlows].Lookup(k.key(), &f)
	if errors.Is(err, ebpf.ErrKeyNotExist) {
		return nil
	}
	must(b.t, err)
	return &f
}

func (b bench) state(k talk, want uint64) {
	b.t.Helper()
	f := b.known(k)
	if f == nil {
		b.t.Fatal("the flow is not known")
	}
	if f.State != want {
		b.t.Errorf("state %#x, want %#x", f.State, want)
	}
}

// remembered wants this many flows to be in the map, live or not.
func (b bench) remembered(want int) {
	b.t.Helper()
	var key [36]byte
	var f flow
	got, all := 0, b.loaded.Maps[mapFlows].Iterate()
	for all.Next(&key, &f) {
		got++
	}
	must(b.t, all.Err())
	if got != want {
		b.t.Errorf("%d flows are remembered, want %d", got, want)
	}
}

// put has a flow remembered.
func (b bench) put(k talk, f flow) {
	b.t.Helper()
	must(b.t, b.loaded.Maps[mapFlows].Put(k.key(), f))
}

// open brings a flow to where the client was answered.
func (b bench) open(k talk) {
	b.t.Helper()
	b.fromClient(k.up(syn), marks.Asked)
	b.toClient(k.down(syn|ack), clientMACs.answer())
}

// meet brings a flow to where both ends have said and heard something.
func (b bench) meet(k talk) {
	b.t.Helper()
	b.open(k)
	b.fromClient(k.up(ack), marks.FromClient)
	b.toServer(k.up(syn), clientMACs)
	b.fromServer(k.down(syn|ack), marks.FromServer)
}

// clock is what the programs read, of some time ago.
func clock(t testing.TB, ago time.Duration) uint64 {
	t.Helper()
	var now unix.Timespec
	must(t, unix.ClockGettime(unix.CLOCK_MONOTONIC, &now))
	return uint64(now.Nano() - ago.Nanoseconds())
}

// inFamilies runs a test for each family.
func inFamilies(t *testing.T, s Spec, test func(b bench, k talk)) {
	t.Helper()
	for name, k := range talks {
		t.Run(name, func(t *testing.T) { test(newBench(t, s), k) })
	}
}
