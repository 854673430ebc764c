package config

import (
	"slices"
	"testing"
)

func TestInterceptRefusals(t *testing.T) {
	testRefusals(t, []refusal{
		{"no ports", "[intercept]\nports = []", `limpid.toml:3: intercept.ports: is empty; name at least one TCP port, like ports = [80]`},
		{"port 0", "[intercept]\nports = [0]", `limpid.toml:3: intercept.ports[0]: 0 is out of range; use 1 to 65535`},
		{"port 65536", "[intercept]\nports = [80, 65536]", `limpid.toml:3: intercept.ports[1]: 65536 is out of range; use 1 to 65535`},
		{"port twice", "[intercept]\nports = [80, 8080, 80]", `limpid.toml:3: intercept.ports[2]: 80 is named twice, first in intercept.ports[0]; keep one`},
		{"port alone", "[intercept]\nports = 80", `limpid.toml:3: intercept.ports: must be an array, not an integer; put its values in [ ]`},
		{"mode outbound", "[intercept]\nmode = \"outbound\"", `limpid.toml:3: intercept.mode: "outbound" would have to take the server from a header, and limpid only goes where the client went; use "full" or "inbound"`},
		{"mode unknown", "[intercept]\nmode = \"Full\"", `limpid.toml:3: intercept.mode: "Full" is not known; use "full" or "inbound"`},
		{"mode no string", "[intercept]\nmode = true", `limpid.toml:3: intercept.mode: must be a string, not a boolean; put it in double quotes`},
		{"mode inbound without address", "management.address = \"none\"\n[intercept]\nmode = \"inbound\"", `limpid.toml:4: intercept.mode: "inbound" connects from the box's own address and management.address is "none"; give it one or use "full"`},
		{"capture unknown", "[intercept]\ncapture = \"ebtables\"", `limpid.toml:3: intercept.capture: "ebtables" is not known; use "auto", "broute" or "redirect"`},
		{"handshake unknown", "[intercept]\nhandshake = \"\"", `limpid.toml:3: intercept.handshake: "" is not known; use "auto", "mirror" or "accept"`},
		{"ipv6 a string", "[intercept]\nipv6 = \"true\"", `limpid.toml:3: intercept.ipv6: must be true or false, not a string; write ipv6 = true or ipv6 = false`},
		{"max_connections 0", "[intercept]\nmax_connections = 0", `limpid.toml:3: intercept.max_connections: 0 is out of range; use 1 to 1000000`},
		{"max_connections high", "[intercept]\nmax_connections = 1_000_001", `limpid.toml:3: intercept.max_connections: 1000001 is out of range; use 1 to 1000000`},
		{"max_connections a date", "[intercept]\nmax_connections = 2026-01-02", `limpid.toml:3: intercept.max_connections: must be an integer, not a date or time; write a whole number from 1 to 1000000, without quotes`},
	})
}

func TestBypassRefusals(t *testing.T) {
	testRefusals(t, []refusal{
		{"no array", "[intercept]\nbypass = {client = \"10.0.0.0/8\"}", `limpid.toml:3: intercept.bypass: must be an array, not a table; put its values in [ ]`},
		{"no table", "[intercept]\nbypass = [\n  \"10.0.0.0/8\"]", `limpid.toml:4: intercept.bypass[0]: must be a table, not a string; write {client = "10.0.0.0/8"}, {server = ...} or both`},
		{"neither", "[intercept]\nbypass = [{}]", `limpid.toml:3: intercept.bypass[0]: names neither client nor server; give at least one of them`},
		{"families", "[intercept]\nbypass = [{client = \"10.0.0.0/8\", server = \"2001:db8::/32\"}]", `limpid.toml:3: intercept.bypass[0]: client 10.0.0.0/8 and server 2001:db8::/32 are of different families; make both IPv4 or both IPv6`},
		{"host bits", "[intercept]\nbypass = [\n  {client = \"10.0.0.0/8\"},\n  {server = \"192.0.2.7/24\"},\n]", `limpid.toml:5: intercept.bypass[1].server: "192.0.2.7/24" has host bits set; write "192.0.2.0/24"`},
		{"host bits IPv6", "[intercept]\nbypass = [{client = \"2001:db8::1/32\"}]", `limpid.toml:3: intercept.bypass[0].client: "2001:db8::1/32" has host bits set; write "2001:db8::/32"`},
		{"no prefix", "[intercept]\nbypass = [{client = \"10.0.0.0/33\"}]", `limpid.toml:3: intercept.bypass[0].client: "10.0.0.0/33" is not an address or prefix; write it like "192.0.2.1" or "192.0.2.0/24"`},
		{"zone", "[intercept]\nbypass = [{client = \"fe80::1%eth0\"}]", `limpid.toml:3: intercept.bypass[0].client: "fe80::1%eth0" is not an address or prefix; write it like "192.0.2.1" or "192.0.2.0/24"`},
		{"mapped", "[intercept]\nbypass = [{client = \"::ffff:10.0.0.1\"}]", `limpid.toml:3: intercept.bypass[0].client: "::ffff:10.0.0.1" is IPv4 in IPv6 clothes; write the IPv4 form`},
		{"empty string", "[intercept]\nbypass = [{client = \"\", server = \"10.0.0.1\"}]", `limpid.toml:3: intercept.bypass[0].client: "" is not an address or prefix; write it like "192.0.2.1" or "192.0.2.0/24"`},
		{"unknown key", "[intercept]\nbypass = [{clients = \"10.0.0.1\", server = \"10.0.0.2\"}]", `limpid.toml:3: intercept.bypass[0].clients: unknown key; did you mean "client"?`},
		{"same pair", "[intercept]\nbypass = [{client = \"10.0.0.1\"}, {client = \"10.0.0.1/32\"}]", `limpid.toml:3: intercept.bypass[1]: is the same as intercept.bypass[0]; keep one`},
		{"both wrong, two lines", "[[intercept.bypass]]\nclient = \"10.0.0.1\"\n\n[[intercept.bypass]]\nserver = 1\nclient = \"x\"",
			"limpid.toml:6: intercept.bypass[1].server: must be a string, not an integer; put it in double quotes\n" +
				`limpid.toml:7: intercept.bypass[1].client: "x" is not an address or prefix; write it like "192.0.2.1" or "192.0.2.0/24"`},
	})
}

func TestBypassAccepted(t *testing.T) {
	c := parsed(t, `
[intercept]
mode = "inbound" # with the default, dhcp

[[intercept.bypass]]
client = "10.0.0.0/8"
server = "192.0.2.7"
[[intercept.bypass]]
client = "2001:db8::7"
[[intercept.bypass]]
server = "0.0.0.0/0"
`)
	want := []string{"10.0.0.0/8 -> 192.0.2.7/32", "2001:db8::7/128 -> any", "any -> 0.0.0.0/0"}
	var got []string
	for _, p := range c.Intercept.Bypass {
		got = append(got, p.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if c.Intercept.Mode != ModeInbound {
		t.Errorf("mode is %q", c.Intercept.Mode)
	}
}
