package supervise

import (
	"context"
	"net"
	"time"

	"limpid/appliance/control"
	"limpid/appliance/neighbours"
	"limpid/interceptor"
)

// newListener makes what hears systems at both ends of the bridge: bridge.name cannot
// change while running.
func (s *Supervisor) newListener() *neighbours.Listener {
	return neighbours.New(s.config.Bridge.Name, uint32(interceptor.MarkHeardLAN), uint32(interceptor.MarkHeardWAN), s.Log)
}

// Neighbours implements control.NeighbourLister.
func (b backend) Neighbours(context.Context) (control.Neighbours, error) {
	lan, wan := b.heard.Heard()
	now := time.Now()
	return control.Neighbours{LAN: shownNeighbours(lan, now), WAN: shownNeighbours(wan, now)}, nil
}

func shownNeighbours(frames []neighbours.Frame, now time.Time) []control.Neighbour {
	list := []control.Neighbour{}
	for _, f := range frames {
		list = append(list, control.Neighbour{
			MAC: net.HardwareAddr(f.MAC[:]).String(), Heard: f.At, Age: max(now.Sub(f.At), 0).Seconds(), Frame: f.Bytes,
		})
	}
	return list
}
