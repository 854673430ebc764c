package config

import "testing"

func TestUnknownKeys(t *testing.T) {
	testRefusals(t, []refusal{
		{"slip", "[intercept]\nipv6 = true\nmax_conections = 5", `limpid.toml:4: intercept.max_conections: unknown key; did you mean "max_connections"?`},
		{"case", "[intercept]\nPorts = [80]", `limpid.toml:3: intercept.Ports: unknown key; did you mean "ports"?`},
		{"dash", "[proxy]\nnon-http = \"reset\"", `limpid.toml:3: proxy.non-http: unknown key; did you mean "non_http"?`},
		{"wrong section", "[proxy]\nmode = \"full\"", `limpid.toml:3: proxy.mode: unknown key; it belongs in [intercept]`},
		{"no section", "path = \"/x\"", `limpid.toml:2: path: unknown key; it belongs in [cache] or [log]`},
		{"nothing like it", "[web]\ncolour = \"blue\"", `limpid.toml:3: web.colour: unknown key; known here: listen`},
		{"table", "[intercpt]\nports = [80]", `limpid.toml:2: intercpt: unknown table; did you mean "intercept"?`},
		{"table below", "[web.tls]\ncert = \"x\"", `limpid.toml:2: web.tls: unknown table; known here: listen`},
		{"quoted key", "[web]\n\"a\\nb.c\" = 1", `limpid.toml:3: web."a\nb.c": unknown key; known here: listen`},
		{"empty key", "[web]\n\"\" = 1", `limpid.toml:3: web."": unknown key; known here: listen`},
		{"two in a line", "web = {z = 1, b = 2}", "limpid.toml:2: web.b: unknown key; known here: listen\nlimpid.toml:2: web.z: unknown key; known here: listen"},
	})
}

func TestNearest(t *testing.T) {
	known := []string{"ports", "port", "via", "max_connections"}
	for key, want := range map[string]string{
		"ports": "ports", "prots": "ports", "pots": "ports", "por": "port", "vai": "", "vja": "via", "MAX-CONECTIONS": "max_connections",
		"connections": "max_connections", "conn": "", "": "", "x": "",
	} {
		if got := nearest(key, known); got != want {
			t.Errorf("nearest(%q) is %q, want %q", key, got, want)
		}
	}
	if d := distance("kitten", "sitting"); d != 3 {
		t.Errorf("distance of kitten and sitting is %d, want 3", d)
	}
}
