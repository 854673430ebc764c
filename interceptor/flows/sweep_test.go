package flows

import (
	"sync"
	"testing"
	"time"
)

func TestSweepForgetsByState(t *testing.T) {
	s := specified()
	const (
		ended    = clientFIN | saidToClient
		live     = slot | captured | spoken | answered | expected
		serverUp = captured | spoken | answered | expected
	)
	tests := map[string]struct {
		state uint64
		limit time.Duration
	}{
		"asked":                        {slot, s.AskedTimeout},
		"asked again":                  {slot | expected, s.OpeningTimeout},
		"answered by us":               {slot | captured, s.OpeningTimeout},
		"both ends asked":              {slot | captured | answered | expected, s.OpeningTimeout},
		"spoken":                       {slot | captured | spoken, s.FlowTimeout},
		"live":                         {live, s.FlowTimeout},
		"client half-closed":           {live | clientFIN, s.FlowTimeout},
		"we half-closed":               {live | saidToClient, s.FlowTimeout},
		"server over, client not":      {live | serverFIN | saidToServer, s.FlowTimeout},
		"server gave up, client not":   {live | serverRST, s.FlowTimeout},
		"client over, server not":      {serverUp | ended, s.FlowTimeout},
		"client gave up, server not":   {serverUp | clientRST, s.FlowTimeout},
		"client over, server half":     {serverUp | ended | serverFIN, s.FlowTimeout},
		"client over, server our half": {serverUp | ended | saidToServer, s.FlowTimeout},
		"half of each":                 {live | clientFIN | serverFIN, s.FlowTimeout},
		"both closed":                  {serverUp | ended | serverFIN | saidToServer, s.EndedTimeout},
		"client closed, server RST":    {serverUp | ended | serverRST, s.EndedTimeout},
		"client RST, server closed":    {serverUp | clientRST | serverFIN | saidToServer, s.EndedTimeout},
		"RST of both":                  {serverUp | clientRST | serverRST, s.EndedTimeout},
		"over without a server":        {captured | spoken | ended, s.EndedTimeout},
		"refused":                      {captured | clientRST, s.EndedTimeout},
		"over, but not forgotten yet":  {slot | captured | spoken | clientRST, s.EndedTimeout},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, s)
			k := talks["IPv6"]
			b.count(tt.state & slot)
			const slack = 4 * time.Second
			b.put(k, flow{Heard: clock(t, tt.limit-slack), State: tt.state})
			must(t, b.Sweep())
			b.state(k, tt.state)
			b.live(tt.state & slot)
			b.put(k, flow{Heard: clock(t, tt.limit+slack), State: tt.state})
			must(t, b.Sweep())
			b.remembered(0)
			b.live(0)
		})
	}
}

// count sets how many slots are taken.
func (b bench) count(n uint64) {
	b.t.Helper()
	must(b.t, b.loaded.Maps[mapCounts].Put(uint32(slotsTaken), n))
}

// The tick that a flow was heard at may come after the sweep has begun.
func TestSweepKeepsWhatWasHeardSince(t *testing.T) {
	b := newBench(t, specified())
	for _, k := range talks {
		b.put(k, flow{Heard: clock(t, -time.Minute), State: captured | clientRST})
	}
	must(t, b.Sweep())
	b.remembered(2)
}

func TestSweepGoesThroughAll(t *testing.T) {
	s := specified()
	s.Slots = 3000
	b := newBench(t, s)
	old := clock(t, s.FlowTimeout+time.Second)
	for i := range uint16(1000) {
		for _, k := range talks {
			b.fromClient(k.from(i).up(syn), marks.Asked)
			if i%2 == 0 {
				b.put(k.from(i), flow{Heard: old, State: slot | captured})
			}
			if i%10 == 0 {
				b.put(k.from(i+10000), flow{Heard: old, State: captured | clientRST})
			}
		}
	}
	b.live(2000)
	b.remembered(2200)
	must(t, b.Sweep())
	b.live(1000)
	b.remembered(1000)
	b.fromClient(talks["IPv4"].from(1).up(syn), marks.Asked)
	b.live(1000)
	b.fromClient(talks["IPv4"].from(2).up(syn), marks.Asked)
	b.live(1001)
}

// The clock is the same for the programs and the sweep.
func TestSweepForgetsWhatFramesLeft(t *testing.T) {
	s := specified()
	s.AskedTimeout = 50 * time.Millisecond
	inFamilies(t, s, func(b bench, k talk) {
		second := k.from(40001)
		b.fromClient(k.up(syn), marks.Asked)
		b.meet(second)
		b.live(2)
		time.Sleep(200 * time.Millisecond)
		must(b.t, b.Sweep())
		b.live(1)
		b.state(second, slot|captured|spoken|answered|expected)
		if b.known(k) != nil {
			b.t.Error("the flow that did not open is still known")
		}
	})
}

// Where most of the room is used, flows that are over go sooner; those that are live do not.
func TestSweepIsSoonerWhereItIsCrowded(t *testing.T) {
	s := specified()
	b := newBench(t, s)
	k := talks["IPv4"]
	b.put(k, flow{Heard: clock(t, s.EndedTimeout/2), State: captured | clientRST})
	b.put(k.from(1), flow{Heard: clock(t, s.EndedTimeout/2), State: slot | captured | spoken})
	must(t, b.Sweep())
	b.remembered(2)
	for port := range uint16(s.room()/2 + 1) {
		b.put(talks["IPv6"].from(port), flow{Heard: clock(t, 0), State: captured | clientRST})
	}
	must(t, b.Sweep()) // counts them
	must(t, b.Sweep())
	if b.known(k) != nil {
		t.Error("a flow that is over is still known")
	}
	if b.known(k.from(1)) == nil {
		t.Error("a live flow was forgotten")
	}
}

// Several processors begin, end and forget flows of the same few tuples: slots that are
// taken are those that flows have.
func TestSlotsAreCountedWhoeverForgets(t *testing.T) {
	s := specified()
	s.Slots, s.EndedTimeout = 1000, time.Nanosecond
	b := newBench(t, s)
	k := talks["IPv4"]
	var all sync.WaitGroup
	done := make(chan struct{})
	all.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				_ = b.Sweep()
			}
		}
	})
	var talkers sync.WaitGroup
	for range 3 {
		talkers.Go(func() {
			for i := range 20000 {
				one := k.from(uint16(i%16 + 1))
				_, _ = b.run("from_client", 0, one.up(syn))
				_, _ = b.run("to_client", marks.ToClient, one.down(syn|ack))
				_, _ = b.run("from_client", 0, one.up(rst))
			}
		})
	}
	talkers.Wait()
	close(done)
	all.Wait()
	var have uint64
	for i := range 16 {
		if f := b.known(k.from(uint16(i + 1))); f != nil {
			have += f.State & slot
		}
	}
	b.live(have)
}

func TestSweepOfNothing(t *testing.T) {
	must(t, New().Sweep())
	n, err := New().Live()
	must(t, err)
	if n != 0 {
		t.Errorf("%d live flows of no programs", n)
	}
	b := newBench(t, specified())
	must(t, b.Sweep())
	b.live(0)
}
