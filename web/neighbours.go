package web

import (
	"fmt"
	"time"

	"limpid/appliance/control"
	"limpid/appliance/lldp"
)

// besideFresh is how old what is shown of neighbours may be: they speak twice a minute.
const besideFresh = 2 * time.Second

// beside is a system next to an end of the wire, by what it says of itself by LLDP.
type beside struct {
	Name, Port string
	Title      string // what there is no room for
}

// besideOf reads what was heard at one end, here and not in the supervisor: whoever is
// on the wire has written it.
func besideOf(heard []control.Neighbour) []beside {
	frames := make([]lldp.Heard, len(heard))
	for i, h := range heard {
		frames[i] = lldp.Heard{Frame: h.Frame, Age: time.Duration(h.Age * float64(time.Second))}
	}
	var list []beside
	for _, n := range lldp.Of(frames) {
		b := beside{Name: n.Called(), Port: n.At(), Title: fmt.Sprintf("seen %s ago", ago(n.Age))}
		if n.PortDescription != "" && n.PortDescription != b.Port {
			b.Title = n.PortDescription + ", " + b.Title
		}
		list = append(list, b)
	}
	return list
}

// showNeighbours puts them under the ends of the wire. While they cannot be had, none are shown.
func (p *Page) showNeighbours(w *wire) {
	if n, err := p.beside.now(); err == nil {
		w.Clients.Beside, w.Servers.Beside = besideOf(n.LAN), besideOf(n.WAN)
	}
}
