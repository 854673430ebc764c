package metrics

// portMetrics are about the bridge's two ports.
func portMetrics() []metric {
	return []metric{
		portState("limpid_port_up",
			"1 if the port of the bridge is there and up; lan is the one towards the clients, wan the one towards the servers.",
			func(p Port) bool { return p.Up }),
		portState("limpid_port_carrier",
			"1 if the port of the bridge has a carrier.",
			func(p Port) bool { return p.Carrier }),
		portCounter("limpid_port_bytes_total",
			"Bytes of frames that the port of the bridge carried, captured or bridged, as the kernel counts them since it knows the port.",
			func(t Traffic) uint64 { return t.Bytes }),
		portCounter("limpid_port_packets_total",
			"Packets that the port of the bridge carried, captured or bridged, as the kernel counts them since it knows the port; what an offload has merged may count as one.",
			func(t Traffic) uint64 { return t.Packets }),
		portCounter("limpid_port_errors_total",
			"Frames that the port's driver could not receive or send, as the kernel counts them since it knows the port.",
			func(t Traffic) uint64 { return t.Errors }),
		portCounter("limpid_port_dropped_total",
			"Frames that were dropped at the port for want of room or of anybody who wants them, as the kernel counts them since it knows the port.",
			func(t Traffic) uint64 { return t.Dropped }),
	}
}

// portState is what is true or not of each port.
func portState(name, help string, read func(Port) bool) metric {
	return metric{name: name, kind: gauge, help: help, labels: []string{"port"}, read: func(s *scrape, emit emit) {
		for _, p := range s.Ports {
			emit(truth(read(p)), p.Side)
		}
	}}
}

// portCounter is a counter that the kernel keeps for each port and direction.
func portCounter(name, help string, read func(Traffic) uint64) metric {
	return metric{name: name, kind: counter, help: help, labels: []string{"port", "direction"}, read: func(s *scrape, emit emit) {
		for _, p := range s.Ports {
			if p.Counted {
				emit(float64(read(p.Received)), p.Side, "received")
				emit(float64(read(p.Sent)), p.Side, "sent")
			}
		}
	}}
}
