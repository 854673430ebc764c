package flows

import (
	"testing"
	"time"
)

// sayings are what the ends of a flow say, and the box to them.
var sayings = map[string]func(b bench, k talk){
	"client FIN":    func(b bench, k talk) { b.fromClient(k.up(fin|ack), marks.FromClient) },
	"client ACK":    func(b bench, k talk) { b.fromClient(k.up(ack), marks.FromClient) },
	"client RST":    func(b bench, k talk) { b.fromClient(k.up(rst), marks.FromClient) },
	"FIN to client": func(b bench, k talk) { b.toClient(k.down(fin|ack), serverMACs) },
	"ACK to client": func(b bench, k talk) { b.toClient(k.down(ack), serverMACs) },
	"RST to client": func(b bench, k talk) { b.toClient(k.down(rst|ack), serverMACs) },
	"server FIN":    func(b bench, k talk) { b.fromServer(k.down(fin|ack), marks.FromServer) },
	"server ACK":    func(b bench, k talk) { b.fromServer(k.down(ack), marks.FromServer) },
	"server RST":    func(b bench, k talk) { b.fromServer(k.down(rst|ack), marks.FromServer) },
	"FIN to server": func(b bench, k talk) { b.toServer(k.up(fin|ack), clientMACs) },
	"ACK to server": func(b bench, k talk) { b.toServer(k.up(ack), clientMACs) },
	"RST to server": func(b bench, k talk) { b.toServer(k.up(rst), clientMACs) },
}

func TestSlotIsFreeOnceTheClientIsOver(t *testing.T) {
	tests := map[string]struct {
		said  []string
		state uint64 // beside captured, spoken and answered
		free  bool
	}{
		"nothing":               {},
		"segments":              {said: []string{"client ACK", "ACK to client", "server ACK", "ACK to server"}},
		"client half-closed":    {said: []string{"client FIN", "client FIN", "client ACK", "ACK to client"}, state: clientFIN},
		"we half-closed":        {said: []string{"FIN to client", "FIN to client", "client ACK"}, state: saidToClient},
		"client closed first":   {said: []string{"client FIN", "FIN to client"}, state: clientFIN | saidToClient, free: true},
		"we closed first":       {said: []string{"FIN to client", "client FIN"}, state: clientFIN | saidToClient, free: true},
		"client gave up":        {said: []string{"client RST"}, state: clientRST, free: true},
		"we gave up":            {said: []string{"RST to client"}, state: clientRST, free: true},
		"gave up half-closed":   {said: []string{"client FIN", "RST to client"}, state: clientFIN | clientRST, free: true},
		"server half-closed":    {said: []string{"server FIN", "server ACK", "server FIN"}, state: serverFIN},
		"we to server":          {said: []string{"FIN to server", "FIN to server"}, state: saidToServer},
		"server closed":         {said: []string{"server FIN", "FIN to server", "server ACK"}, state: serverFIN | saidToServer},
		"server gave up":        {said: []string{"server RST"}, state: serverRST},
		"we gave the server up": {said: []string{"RST to server"}, state: serverRST},
		"FINs of two legs":      {said: []string{"client FIN", "server FIN", "FIN to server"}, state: clientFIN | serverFIN | saidToServer},
		"FINs of one way":       {said: []string{"client FIN", "FIN to server"}, state: clientFIN | saidToServer},
		"FINs of the other":     {said: []string{"server FIN", "FIN to client"}, state: serverFIN | saidToClient},
		"all FINs": {
			said:  []string{"client FIN", "FIN to server", "server FIN", "FIN to client"},
			state: clientFIN | saidToClient | serverFIN | saidToServer, free: true,
		},
		"everything, twice": {
			said: []string{
				"client FIN", "FIN to client", "client FIN", "FIN to client", "client RST", "RST to client", "client RST",
				"server FIN", "FIN to server", "server RST", "RST to server", "client FIN", "RST to client", "client ACK",
			},
			state: clientFIN | saidToClient | clientRST | serverFIN | saidToServer | serverRST, free: true,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inFamilies(t, specified(), func(b bench, k talk) {
				b.open(k.from(40001)) // has a slot that must stay
				b.meet(k)
				b.live(2)
				for _, say := range tt.said {
					sayings[say](b, k)
				}
				want, live := captured|spoken|answered|expected|tt.state, uint64(1)
				if !tt.free {
					want, live = want|slot, 2
				}
				b.live(live)
				b.state(k, want)
				b.remembered(2)
			})
		})
	}
}

func TestOverFlowIsStillCaptured(t *testing.T) {
	for _, ends := range [][]string{{"client RST"}, {"RST to client"}, {"client FIN", "FIN to client"}} {
		inFamilies(t, specified(), func(b bench, k talk) {
			b.meet(k)
			for _, say := range ends {
				sayings[say](b, k)
			}
			b.live(0)
			for _, say := range sayings {
				say(b, k)
			}
			b.live(0)
			b.remembered(1)
		})
	}
}

func TestSYNOnAnOverFlowBeginsAnew(t *testing.T) {
	inFamilies(t, specified(), func(b bench, k talk) {
		b.meet(k)
		for _, say := range sayings {
			say(b, k)
		}
		b.live(0)
		f := *b.known(k)
		f.Heard = clock(b.t, 9*time.Second)
		b.put(k, f)
		b.fromClient(with(otherMACs, k.up(syn)), marks.Asked)
		b.live(1)
		b.remembered(1)
		if b.known(k).Heard < clock(b.t, 5*time.Second) {
			b.t.Error("the SYN was not heard")
		}
		b.state(k, slot|expected)
		b.fromClient(k.up(ack), 0) // late, of the flow before
		b.state(k, slot|expected)
		b.toClient(k.down(syn|ack), otherMACs.answer())
		b.toServer(k.up(syn), otherMACs)
		b.fromClient(k.up(ack), marks.FromClient)
		b.fromServer(k.down(syn|ack), marks.FromServer)
		b.state(k, slot|captured|spoken|answered|expected)
		b.toClient(k.down(ack), serverMACs)
		b.fromClient(k.up(rst), marks.FromClient)
		b.live(0)
	})
}

// The server is asked again for the next flow of a client that speaks to it for a second time.
func TestSYNToTheServerBeginsItsLegAnew(t *testing.T) {
	inFamilies(t, specified(), func(b bench, k talk) {
		b.meet(k)
		for _, say := range []string{"client FIN", "server FIN", "FIN to server", "RST to server"} {
			sayings[say](b, k)
		}
		b.toServer(k.up(syn), clientMACs)
		b.state(k, slot|captured|spoken|answered|expected|clientFIN)
		b.live(1)
	})
}

// A client that is refused has no leg that was ever open.
func TestRefusedClientGivesItsSlotBack(t *testing.T) {
	inFamilies(t, specified(), func(b bench, k talk) {
		b.fromClient(k.up(syn), marks.Asked)
		b.toClient(k.down(rst|ack), clientMACs.answer())
		b.live(0)
		b.state(k, captured|clientRST)
		b.fromClient(k.up(syn), marks.Asked)
		b.live(1)
		b.state(k, slot)
	})
}
