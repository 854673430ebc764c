package interceptor

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// frames are what one processor judges of one chain, each named by its flags.
func (m *machine) frames(chain string) func(names string) []frame {
	flags := map[string]byte{"ACK": tcpACK, "data": tcpACK | tcpPSH, "FIN": tcpACK | tcpFIN, "RST": tcpACK | tcpRST}
	return func(names string) (list []frame) {
		for name := range strings.FieldsSeq(names) {
			list = append(list, frame{m.chain(chain), flags[name]})
		}
		return list
	}
}

// live is a flow in the middle of its life.
func (m *machine) live(s Spec) (lives [8]time.Duration) {
	lives[m.set("down4")], lives[m.set("up4")] = s.FlowTimeout, s.FlowTimeout
	return lives
}

// TestNoOrderBringsASlotBack has both ends of a leg, or of both legs, say their last while other frames are
// under way. Once the last acknowledgement was seen no slot is left for longer than a half-open one, and no end
// for longer than a leg that is over.
func TestNoOrderBringsASlotBack(t *testing.T) {
	s := example()
	m := newMachine(t, s)
	client, server, toClient, toServer := m.frames("lan4"), m.frames("wan4"), m.frames("to_client4"), m.frames("to_server4")
	tests := map[string]struct {
		processors [][]frame
		split      bool // the frames of one end, over two processors: what is known of its end may stay
	}{
		"both ends at once":                   {[][]frame{client("ACK FIN"), toClient("FIN"), server("data FIN"), toServer("ACK FIN")}, false},
		"half closed":                         {[][]frame{client("data FIN ACK ACK"), toClient("data FIN"), server("FIN"), toServer("FIN")}, false},
		"FIN again":                           {[][]frame{client("FIN FIN"), toClient("FIN FIN"), server("FIN FIN"), toServer("FIN")}, false},
		"reset by the client":                 {[][]frame{client("data RST"), toClient("data"), toServer("RST"), server("data")}, false},
		"reset by the server":                 {[][]frame{server("data RST"), toServer("data"), toClient("RST"), client("data ACK")}, false},
		"reset by us":                         {[][]frame{client("data ACK"), toClient("RST"), server("data"), toServer("RST")}, false},
		"reset after FIN":                     {[][]frame{client("FIN RST"), toClient("FIN"), server("FIN RST"), toServer("FIN")}, false},
		"FIN and reset at once":               {[][]frame{client("ACK FIN"), toClient("RST"), server("FIN"), toServer("FIN")}, false},
		"a client on two processors":          {[][]frame{client("ACK"), client("FIN"), toClient("FIN"), server("FIN"), toServer("FIN")}, true},
		"a server on two processors":          {[][]frame{server("data"), server("FIN"), toServer("FIN"), client("FIN"), toClient("FIN")}, true},
		"a client's FIN and reset on two":     {[][]frame{client("FIN"), client("RST"), toClient("FIN"), server("FIN"), toServer("RST")}, false},
		"data on one, reset by us on another": {[][]frame{client("data"), client("ACK"), toClient("RST"), server("RST")}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			most := map[string]time.Duration{"down4": s.OpeningTimeout, "up4": s.OpeningTimeout}
			if !test.split {
				most["ended_down4"], most["ended_up4"] = s.EndedTimeout, s.EndedTimeout
			}
			failed := map[string]bool{}
			n := m.orders(test.processors, m.live(s), func(lives [8]time.Duration) {
				for _, last := range [][]frame{client("ACK"), server("ACK"), client("ACK")} {
					for p := (place{}); m.step(last, &p, &lives); {
					}
				}
				for name, d := range most {
					if lives[m.set(name)] > d {
						failed[fmt.Sprintf("%s for %v", name, lives[m.set(name)])] = true
					}
				}
			})
			for left := range failed {
				t.Errorf("after some order there is %s", left)
			}
			if n < 1000 {
				t.Errorf("only %d states: this proves little", n)
			}
		})
	}
}

// TestNoOrderEndsAHalfClosedLeg has the client say its last, and the server's response go on, or end.
func TestNoOrderEndsAHalfClosedLeg(t *testing.T) {
	s := example()
	m := newMachine(t, s)
	client, server, toClient, toServer := m.frames("lan4"), m.frames("wan4"), m.frames("to_client4"), m.frames("to_server4")
	for name, processors := range map[string][][]frame{
		"response goes on":  {client("data FIN ACK"), toClient("data data"), server("data data"), toServer("ACK FIN")},
		"FIN again":         {client("FIN FIN ACK"), toClient("data ACK"), server("data"), toServer("FIN FIN")},
		"response has come": {client("ACK FIN ACK"), toClient("data ACK"), server("data FIN"), toServer("FIN")},
	} {
		t.Run(name, func(t *testing.T) {
			m.orders(processors, m.live(s), func(lives [8]time.Duration) {
				if lives[m.set("down4")] != s.halfClosed() || lives[m.set("ended_down4")] < s.FlowTimeout {
					t.Errorf("slot for %v, end for %v", lives[m.set("down4")], lives[m.set("ended_down4")])
				}
			})
		})
	}
}
