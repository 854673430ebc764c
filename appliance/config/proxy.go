package config

// readProxy reads the choices of the proxy process. That its port collides with no listener of the web page is checked
// in checkAcross.
func readProxy(t *table, to *Proxy) {
	number(t, "port", 1, 65535, &to.Port)
	word(t, "client_port", &to.ClientPort, ClientPortKeep, ClientPortAny)
	word(t, "non_http", &to.NonHTTP, NonHTTPTunnel, NonHTTPReset)
	t.flag("via", &to.Via)
	if to.Via {
		t.doc.report(t.key("via"), "heads are forwarded as they were received, so no Via can be added; write false")
	}
}
