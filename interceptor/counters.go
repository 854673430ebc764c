package interceptor

import (
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// Names of the counters in `table bridge limpid`.
const (
	counterCaptured    = "captured"
	counterBridged     = "bridged"
	counterRefusedFull = "refused_full"
)

func counterNames() []string { return []string{counterCaptured, counterBridged, counterRefusedFull} }

// Counters count the SYNs of connections to captured ports since the tables
// were made. A SYN sent twice counts twice.
type Counters struct {
	Captured    uint64 // taken off the bridge
	Bridged     uint64 // bridged, for whatever reason, while the tables were there
	RefusedFull uint64 // of those, while armed, the ones that found no free slot
}

// Counters reads the counters.
func (i *Interceptor) Counters() (Counters, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.spec == nil {
		return Counters{}, nil
	}
	objects, err := i.reader.GetNamedObjects(bridgeTable())
	if err != nil {
		return Counters{}, fmt.Errorf("read counters of table bridge %s: %w", tableName, err)
	}
	found := map[string]uint64{}
	for _, o := range objects {
		if named, ok := o.(*nftables.NamedObj); ok {
			if c, ok := named.Obj.(*expr.Counter); ok {
				found[named.Name] = c.Packets
			}
		}
	}
	return Counters{Captured: found[counterCaptured], Bridged: found[counterBridged], RefusedFull: found[counterRefusedFull]}, nil
}
