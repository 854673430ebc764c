package metrics

import "limpid/proxy/scoreboard"

// httpMetrics are about what the proxy read on its flows.
func httpMetrics() []metric {
	return []metric{
		{name: "limpid_http_requests_total", kind: counter, labels: []string{"method", "status", "verdict"},
			help: "HTTP transactions that have ended, by method, class of the final status (none: there was no response) and what the proxy did. Only combinations that occurred have a sample.",
			read: readTransactions},
		proxyCell("limpid_http_request_heads_total", scoreboard.Requests,
			"Request heads forwarded to servers; health checks not counted."),
		proxyCell("limpid_http_response_heads_total", scoreboard.Responses,
			"Final response heads forwarded to clients; health checks not counted."),
		proxyCell("limpid_tunnels_total", scoreboard.Tunnels,
			"Flows that became tunnels because they were not plainly HTTP."),
		{name: "limpid_not_http_total", kind: counter, labels: []string{"reason"},
			help: "Flows that were not, or no longer, plainly HTTP, by reason: tunnels, or resets where proxy.non_http is reset.",
			read: func(s *scrape, emit emit) {
				for number, reason := range s.TunnelReasons {
					if reason != "" {
						emit(float64(s.Proxy.Get(scoreboard.TunnelBy+scoreboard.Cell(number))), reason)
					}
				}
			}},
		proxyCell("limpid_access_log_records_total", scoreboard.LogRecords,
			"Access log records that the log took."),
		proxyCells("limpid_access_log_dropped_total",
			"Access log records lost because an output was slow or full: to all outputs, when the log could not even take them, or to one of them.",
			[]string{"output"},
			labelled{scoreboard.LogDropped, []string{"all"}},
			labelled{scoreboard.LogFileDropped, []string{"file"}},
			labelled{scoreboard.LogSyslogDropped, []string{"syslog"}}),
	}
}

// readTransactions leaves out the many combinations that never occurred.
func readTransactions(s *scrape, emit emit) {
	for m := range scoreboard.Method(scoreboard.Methods) {
		for c := range scoreboard.Class(scoreboard.Classes) {
			for v := range scoreboard.Verdict(scoreboard.Verdicts) {
				if n := s.Proxy.Get(scoreboard.Transactions(m, c, v)); n > 0 {
					emit(float64(n), m.String(), c.String(), v.String())
				}
			}
		}
	}
}

// latencyMetrics are the histograms.
func latencyMetrics() []metric {
	return []metric{
		{name: "limpid_upstream_connect_seconds", kind: histogram, distribution: scoreboard.UpstreamConnect,
			help: "Time from the SYN to a server to its answer."},
		{name: "limpid_http_first_byte_seconds", kind: histogram, distribution: scoreboard.FirstByte,
			help: "Time from the end of a request head to the first byte of its response."},
		{name: "limpid_http_transaction_seconds", kind: histogram, distribution: scoreboard.Total,
			help: "Time from the first byte of a request to the last of its response."},
	}
}
