package leg

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"limpid/proxy/flowtest"
)

// sip reads what the window was open for before the buffer was small, and then a little at a
// time, some 200 kB/s, until the end: so much that the window opens again before the kernel
// would ask for it ever seldomer.
func sip(e *flowtest.End) {
	_, _ = io.CopyN(io.Discard, e, 64<<10)
	for err := error(nil); err == nil; time.Sleep(20 * time.Millisecond) {
		_, err = io.CopyN(io.Discard, e, 4<<10)
	}
}

// A peer that acknowledges something now and then is waited for, but not for ever.
func TestAPeerThatTakesItsTimeIsReset(t *testing.T) {
	few := limits{silence: 1500 * time.Millisecond, whole: 3 * time.Second}
	for name, reset := range map[string]func(t *testing.T, r *rig){
		"all was sent": func(t *testing.T, r *rig) {
			r.client.Send("unread")
			answer := strings.Repeat("too large ", 20_000)
			r.server.Send(answer)
			flowtest.Eventually(t, "the answer has left the server", func() bool {
				return flowtest.On(t, r.loop, func() uint64 { _, down := r.tunnel.Bytes(); return down }) == uint64(len(answer))
			})
			_ = r.server.Close() // unread data: RST
		},
		"some is held": func(t *testing.T, r *rig) {
			fill(t, r.server)
			flowtest.Eventually(t, "something is held", func() bool { return flowtest.On(t, r.loop, r.tunnel.Held) > 0 })
			r.server.Reset()
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			flowtest.On(t, r.loop, func() bool { r.pool.limits = few; return true })
			_ = r.client.SetReadBuffer(4 << 10)
			reset(t, r)
			start := time.Now()
			go sip(r.client)
			r.expectEnding(ResetByUpstream)
			flowtest.Eventually(t, "nothing lingers", func() bool {
				return flowtest.On(t, r.loop, func() int { return len(r.pool.lingering) + len(r.pool.delivering) }) == 0
			})
			if took := time.Since(start); took < few.whole-200*time.Millisecond {
				t.Errorf("reset after %v, want %v at least", took, few.whole)
			}
		})
	}
}

// lingering are n sockets whose peers acknowledge nothing, and those peers.
func lingering(t *testing.T, r *rig, n int) []*flowtest.End {
	t.Helper()
	unread := make([]byte, 256<<10)
	ends := make([]*flowtest.End, n)
	for i := range ends {
		var fd int
		fd, ends[i] = flowtest.TCP(t, "peer")
		_ = ends[i].SetReadBuffer(4 << 10)
		if _, err := unix.Write(fd, unread); err != nil {
			t.Fatal(err)
		}
		flowtest.On(t, r.loop, func() bool {
			l := new(Leg)
			if err := l.open(r.loop, fd, false, r.tunnel); err != nil {
				t.Error(err)
			}
			r.pool.resetAfterData(l, time.Time{})
			return true
		})
	}
	return ends
}

func TestSocketsThatLingerAreBounded(t *testing.T) {
	const more = 3
	r := newRig(t)
	before := flowtest.Descriptors()
	ends := lingering(t, r, lingerMost+more)
	if n := flowtest.On(t, r.loop, func() int { return len(r.pool.lingering) }); n != lingerMost {
		t.Errorf("%d sockets linger, want %d", n, lingerMost)
	}
	if n := flowtest.Descriptors() - before - len(ends); n > lingerMost {
		t.Errorf("%d descriptors are held, want %d", n, lingerMost)
	}
	for i, e := range ends {
		err := e.CloseWrite() // fails where the reset has come
		if gone := errors.Is(err, unix.ENOTCONN); gone != (i < more) {
			t.Errorf("peer %d of %d: reset is %v: %v", i, len(ends), gone, err)
		}
	}
}

func TestManyAreLookedAtSeldomer(t *testing.T) {
	for n, want := range map[int]int{1: 100, looksATick: 50, lingerMost: 5, 100 * lingerMost: 5} {
		looks := 0
		p := &Pool{lingering: make([]lingerer, n)}
		for range 100 {
			if p.due() {
				looks++
			}
		}
		if looks != want {
			t.Errorf("%d that linger: %d looks in 100 ticks, want %d", n, looks, want)
		}
	}
}

func TestDeliveriesAreForgottenInAnyOrder(t *testing.T) {
	r := newRig(t)
	pairs := make([]Pair, 4)
	at := flowtest.On(t, r.loop, func() []int32 {
		for i := range pairs {
			r.pool.patient(&pairs[i], 0)
		}
		for _, i := range []int{1, 0, 1} {
			r.pool.delivered(&pairs[i])
		}
		at := []int32{pairs[0].delivery, pairs[1].delivery, pairs[2].delivery, pairs[3].delivery}
		for i, d := range r.pool.delivering {
			if int(d.pair.delivery) != i+1 {
				t.Errorf("delivery %d is taken for %d", i, d.pair.delivery-1)
			}
		}
		r.pool.delivered(&pairs[2])
		r.pool.delivered(&pairs[3])
		return at
	})
	if at[0] != 0 || at[1] != 0 || at[2] == 0 || at[3] == 0 || len(r.pool.delivering) != 0 {
		t.Errorf("places %v, and %d are left", at, len(r.pool.delivering))
	}
}
