package web

import "limpid/appliance/control"

// whyOf says in a sentence why a record has its verdict.
func whyOf(r *control.LogRecord) string {
	switch r.Verdict {
	case "forward":
		if r.Reason != "" {
			return "The response was complete before the request was, which then ended: " + endOf(r.Reason) + "."
		}
		return "Plain HTTP, relayed from the server byte by byte."
	case "tunnel":
		return tunnelOf(r)
	case "abort":
		if end := endOf(r.Reason); end != "" {
			return "It ended before the response was complete: " + end + "."
		}
		return "It is not plainly HTTP, and limpid reset it, as proxy.non_http says."
	case "block":
		return "A rule of the settings refuses it."
	case "hit", "stale", "revalidated":
		return "Answered from the cache."
	case "miss":
		return "Relayed from the server: the cache had nothing for it."
	}
	return ""
}

// endOf says how something ended that was not complete; empty for a reason that is no
// such end.
func endOf(reason string) string {
	return map[string]string{
		"closed": "the connection was closed", "client-reset": "the client reset the connection", "server-reset": "the server reset the connection",
		"server-unreachable": "the server could not be reached", "reset": "limpid reset the connection, when it was told to or stopped",
		"stopped": "limpid stopped", "body-timeout": "nothing moved for as long as proxy.body_timeout allows", "idle-timeout": "nothing moved for as long as proxy.idle_timeout allows",
	}[reason]
}

// tunnelOf says why bytes were carried untouched (docs/malformed.md).
func tunnelOf(r *control.LogRecord) string {
	why := map[string]string{
		"tls": "It is encrypted (TLS), and limpid does not look inside.", "http2-preface": "It is HTTP/2, which limpid does not speak.",
		"upgraded": "Client and server agreed on another protocol (101).", "connected": "The client asked for a tunnel (CONNECT) and got it.",
		"server-first": "The server spoke first, which no HTTP server does.", "slow-head": "A head stayed incomplete for too long.",
		"truncated": "The connection ended within a head.",
	}[r.Reason]
	if why == "" {
		why = "It is not plainly HTTP/1.x (RFC 9112): " + r.Reason + "."
	}
	return why + " Its bytes were carried untouched, and nothing of them is read."
}
