package metrics

import "limpid/proxy/scoreboard"

// flowMetrics are about connections to the intercepted ports.
func flowMetrics() []metric {
	return []metric{
		single("limpid_flows_active", gauge,
			"Flows being carried now by gate and proxy, health checks not counted.",
			func(s *scrape) float64 { return float64(s.Active) }),
		single("limpid_flows_limit", gauge,
			"Flows that may be carried at once.",
			func(s *scrape) float64 { return float64(s.Most) }),
		single("limpid_syns_captured_total", counter,
			"SYNs to the intercepted ports that the kernel took off the bridge; one sent twice counts twice.",
			func(s *scrape) float64 { return float64(s.Captured) }),
		single("limpid_syns_bridged_total", counter,
			"SYNs to the intercepted ports that were bridged, for whatever reason, while the rules were installed.",
			func(s *scrape) float64 { return float64(s.Bridged) }),
		single("limpid_syns_bridged_full_total", counter,
			"Of limpid_syns_bridged_total, those that were to be captured and found no free slot in the kernel.",
			func(s *scrape) float64 { return float64(s.Refused) }),
		gateCell("limpid_flows_accepted_total", scoreboard.Accepted,
			"Connections that the gate accepted, or connected because the proxy could not, health checks too."),
		gateCell("limpid_flows_handed_over_total", scoreboard.HandedOver,
			"Flows that the gate put into the hand-over queue, health checks too."),
		gateCell("limpid_flows_taken_back_total", scoreboard.TakenBack,
			"Flows that the proxy did not take in time and the gate took back."),
		gateCell("limpid_flows_carried_total", scoreboard.Carried,
			"Flows that the gate carried as plain tunnels, since the proxy did not."),
		proxyCell("limpid_flows_taken_total", scoreboard.Taken,
			"Flows that the proxy took, from the hand-over queue or off the listeners, health checks too."),
		proxyCell("limpid_flows_proxy_accepted_total", scoreboard.Accepts,
			"Connections that the proxy accepted itself (handshake accept), those too that it gave back to the gate or lost."),
		proxyCell("limpid_flows_direct_total", scoreboard.Direct,
			"Of limpid_flows_taken_total, those that the proxy accepted itself (handshake accept)."),
		proxyCell("limpid_flows_ended_total", scoreboard.Ended,
			"Of limpid_flows_taken_total, those that have ended; a proxy that ends ends all of its flows."),
		proxyCell("limpid_flows_reset_total", scoreboard.Resets,
			"Flows of the proxy that ended with a reset from either side, or were cut by the proxy."),
		proxyCells("limpid_flows_timed_out_total",
			"Flows that passed a deadline: head_timeout, which ends HTTP by a tunnel or a reset, or body_timeout or idle_timeout, which end the flow.",
			[]string{"deadline"},
			labelled{scoreboard.HeadTimeout, []string{"head"}},
			labelled{scoreboard.BodyTimeout, []string{"body"}},
			labelled{scoreboard.IdleTimeout, []string{"idle"}}),
		{name: "limpid_upstream_failures_total", kind: counter, labels: []string{"process"},
			help: "Connections to servers that could not be made: those that failed at once in the gate, and those that failed after the hand-over.",
			read: func(s *scrape, emit emit) {
				emit(float64(s.Gate.Get(scoreboard.UpstreamFailed)), "gate")
				emit(float64(s.Proxy.Get(scoreboard.UpstreamLost)), "proxy")
			}},
		proxyCells("limpid_flow_bytes_total",
			"Bytes of captured flows that the proxy received from and sent to clients and servers; neither health checks nor what the gate carries.",
			[]string{"leg", "direction"},
			labelled{scoreboard.BytesFromClients, []string{"client", "received"}},
			labelled{scoreboard.BytesDown, []string{"client", "sent"}},
			labelled{scoreboard.BytesFromServers, []string{"server", "received"}},
			labelled{scoreboard.BytesUp, []string{"server", "sent"}}),
	}
}

// gateMetrics are about SYNs that were given to the gate (handshake mirror).
func gateMetrics() []metric {
	bridged := func(c scoreboard.Cell, reason string) labelled { return labelled{c, []string{"bridge", reason}} }
	return []metric{
		gateCell("limpid_gate_syns_total", scoreboard.SynSeen,
			"SYNs that the kernel gave to the gate to judge; none where the handshake is accept."),
		gateCells("limpid_gate_verdicts_total",
			"What the gate did with the SYNs given to it: capture, bridge for a reason, or drop one sent again while the first is pending.",
			[]string{"verdict", "reason"},
			labelled{scoreboard.SynCaptured, []string{"capture", ""}},
			bridged(scoreboard.SynBridgedFull, "full"),
			bridged(scoreboard.SynBridgedProxy, "proxy"),
			bridged(scoreboard.SynBridgedRefused, "refused"),
			bridged(scoreboard.SynBridgedSlow, "slow"),
			bridged(scoreboard.SynBridgedOther, "other"),
			labelled{scoreboard.SynDuplicate, []string{"drop", "duplicate"}}),
	}
}
