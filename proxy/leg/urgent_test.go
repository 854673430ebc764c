package leg

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"limpid/proxy/eventloop"
	"limpid/proxy/flowtest"
)

// sendUrgent sends the last byte of b as urgent (send(2), MSG_OOB).
func sendUrgent(t *testing.T, e *flowtest.End, b string) {
	t.Helper()
	fd := flowtest.Descriptor(t, e.TCPConn)
	defer unix.Close(fd)
	if err := unix.Sendto(fd, []byte(b), unix.MSG_OOB, nil); err != nil {
		t.Error(err)
	}
}

func TestUrgentDataStaysInItsPlace(t *testing.T) {
	bulk := strings.Repeat("0123456789", 4<<10)
	for name, before := range map[string]string{"behind little": "before ", "behind much": bulk} {
		for direction, way := range ways {
			t.Run(name+", "+direction, func(t *testing.T) {
				r := newRig(t)
				from, to := way(r)
				from.Send(before)
				sendUrgent(t, from, "!")
				from.Send(" behind")
				to.Expect(before + "! behind")
				from.Send(" and more")
				to.Expect(" and more")
				from.Send(bulk + bulk)
				to.Expect(bulk + bulk)
			})
			t.Run(name+", "+direction+", then the end", func(t *testing.T) {
				r := newRig(t)
				from, to := way(r)
				from.Send(before)
				sendUrgent(t, from, "!")
				from.Send(" behind")
				from.Finish()
				to.Expect(before + "! behind")
				to.ExpectEOF()
			})
		}
	}
}

// interjection is a Filter on whose loop something is sent behind the first bytes that splice(2)
// has taken: after epoll has reported, and before the next read.
type interjection struct {
	Raw
	say func()
}

func (i *interjection) Skip(int64) {
	if i.say != nil {
		i.say()
		i.say = nil
	}
}

// byHand is a pair without a goroutine: its loop turns when asked.
type byHand struct {
	Pair
	loop           *eventloop.Loop
	client, server *flowtest.End
	up             Filter
}

func (h *byHand) Drive() { h.Carry(h.up, Raw{}) }

func (h *byHand) turn(t *testing.T) {
	t.Helper()
	for range 8 {
		if _, err := h.loop.Turn(); err != nil {
			t.Fatal(err)
		}
	}
}

func newByHand(t *testing.T, up Filter) *byHand {
	t.Helper()
	loop, err := eventloop.New()
	if err != nil {
		t.Fatal(err)
	}
	pool, err := NewPool(loop)
	if err != nil {
		t.Fatal(err)
	}
	h := &byHand{loop: loop, up: up}
	var c, u int
	c, h.client = flowtest.TCP(t, "client")
	u, h.server = flowtest.TCP(t, "server")
	if err := h.Open(pool, c, u, false, h); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Cut(); pool.Close(); _ = loop.Close() })
	return h
}

// What comes while a run goes on is not known of yet when splice(2) meets it.
func TestUrgentDataThatComesInARun(t *testing.T) {
	for name, length := range map[string]int{"long run": 100 << 10, "short run": 80 << 10} {
		for _, ends := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, ends %v", name, ends), func(t *testing.T) {
				filter := new(interjection)
				h := newByHand(t, filter)
				filter.say = func() {
					sendUrgent(t, h.client, "!")
					h.client.Send(" behind")
					if ends {
						h.client.Finish()
					}
				}
				h.turn(t)
				before := strings.Repeat("x", length)
				h.client.Send(before)
				h.turn(t)
				if filter.say != nil {
					t.Fatal("nothing was spliced")
				}
				h.server.Expect(before + "! behind")
				if ends {
					h.server.ExpectEOF()
				}
			})
		}
	}
}
