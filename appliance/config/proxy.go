package config

func readProxy(t *table, to *Proxy) {
	number(t, "port", 1, 65535, &to.Port)
	word(t, "client_port", &to.ClientPort, ClientPortKeep, ClientPortAny)
	word(t, "non_http", &to.NonHTTP, NonHTTPTunnel, NonHTTPReset)
	t.flag("via", &to.Via)
}
