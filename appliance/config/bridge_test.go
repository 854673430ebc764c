package config

import "testing"

func TestBridgeRefusals(t *testing.T) {
	for _, tt := range []refusal{
		{"empty file", "", `limpid.toml:1: bridge.ports: is missing; name the clients' side, then the servers': ports = ["eth0", "eth1"]`},
		{"ports missing", "\n[bridge]\nname = \"br1\"\n", `limpid.toml:2: bridge.ports: is missing; name the clients' side, then the servers': ports = ["eth0", "eth1"]`},
		{"no ports", "[bridge]\nports = []\n", `limpid.toml:2: bridge.ports: needs two interfaces, has 0; name the clients' side, then the servers': ports = ["eth0", "eth1"]`},
		{"one port", "[bridge]\nports = [\"eth0\"]\n", `limpid.toml:2: bridge.ports: needs two interfaces, has 1; name the clients' side, then the servers': ports = ["eth0", "eth1"]`},
		{"three ports", "[bridge]\nports = [\"a\", \"b\", \"c\"]\n", `limpid.toml:2: bridge.ports: needs two interfaces, has 3; name the clients' side, then the servers': ports = ["eth0", "eth1"]`},
		{"same port", "[bridge]\nports = [\n  \"eth0\",\n  \"eth0\",\n]\n", `limpid.toml:4: bridge.ports[1]: "eth0" is named twice; name two different interfaces`},
		{"ports no array", "[bridge]\nports = \"eth0\"\n", `limpid.toml:2: bridge.ports: must be an array, not a string; put its values in [ ]`},
		{"port no string", "[bridge]\nports = [0, \"eth1\"]\n", `limpid.toml:2: bridge.ports[0]: must be a string, not an integer; put it in double quotes`},
		{"port is array", "[bridge]\nports = [[\"eth0\"], \"eth1\"]\n", `limpid.toml:2: bridge.ports[0]: must be a string, not an array; write one value, without [ ]`},
		{"port is table", "[bridge]\nports = [{a = 1}, {}]\n", "limpid.toml:2: bridge.ports[0]: must be a string, not a table; write one value, without { }\n" +
			"limpid.toml:2: bridge.ports[1]: must be a string, not a table; write one value, without { }"},
		{"port empty", "[bridge]\nports = [\"\", \"eth1\"]\n", `limpid.toml:2: bridge.ports[0]: is empty; name a network interface`},
		{"port too long", "[bridge]\nports = [\"abcdefghijklmnop\", \"eth1\"]\n", `limpid.toml:2: bridge.ports[0]: "abcdefghijklmnop" has 16 bytes; an interface name has at most 15`},
		{"port with slash", "[bridge]\nports = [\"eth/0\", \"eth1\"]\n", `limpid.toml:2: bridge.ports[0]: "eth/0" is no interface name; leave out spaces, "/", ":" and "%"`},
		{"port with space", "[bridge]\nports = [\"eth 0\", \"eth1\"]\n", `limpid.toml:2: bridge.ports[0]: "eth 0" is no interface name; leave out spaces, "/", ":" and "%"`},
		{"port with NUL", "[bridge]\nports = [\"eth\\u0000\", \"eth1\"]\n", `limpid.toml:2: bridge.ports[0]: "eth\x00" is no interface name; leave out spaces, "/", ":" and "%"`},
		{"port alias", "[bridge]\nports = [\"eth0:1\", \"eth1\"]\n", `limpid.toml:2: bridge.ports[0]: "eth0:1" is no interface name; leave out spaces, "/", ":" and "%"`},
		{"loopback", "[bridge]\nports = [\"lo\", \"eth1\"]\n", `limpid.toml:2: bridge.ports[0]: "lo" is reserved; name another interface`},
		{"name pattern", "[bridge]\nname = \"br%d\"\nports = [\"a\", \"b\"]\n", `limpid.toml:2: bridge.name: "br%d" is no interface name; leave out spaces, "/", ":" and "%"`},
		{"name reserved", "[bridge]\nname = \"all\"\nports = [\"a\", \"b\"]\n", `limpid.toml:2: bridge.name: "all" is reserved; name another interface`},
		{"name is a port", "[bridge]\nname = \"b\"\nports = [\"a\", \"b\"]\n", `limpid.toml:2: bridge.name: "b" is one of bridge.ports too; choose another name`},
		{"port is the default name", "[bridge]\nports = [\"a\", \"br0\"]\n", `limpid.toml:2: bridge.ports: "br0" is the bridge's own name; set bridge.name to another`},
		{"vlan 0", "[bridge]\nports = [\"a\", \"b\"]\nvlans = [1, 0]\n", `limpid.toml:3: bridge.vlans[1]: 0 is out of range; use 1 to 4094`},
		{"vlan 4095", "[bridge]\nports = [\"a\", \"b\"]\nvlans = [4095]\n", `limpid.toml:3: bridge.vlans[0]: 4095 is out of range; use 1 to 4094`},
		{"vlan beyond 16 bits", "[bridge]\nports = [\"a\", \"b\"]\nvlans = [65546]\n", `limpid.toml:3: bridge.vlans[0]: 65546 is out of range; use 1 to 4094`},
		{"vlan twice", "[bridge]\nports = [\"a\", \"b\"]\nvlans = [\n 7,\n 8,\n 7 ]\n", `limpid.toml:6: bridge.vlans[2]: 7 is named twice, first in bridge.vlans[0]; keep one`},
		{"vlan a string", "[bridge]\nports = [\"a\", \"b\"]\nvlans = [\"7\"]\n", `limpid.toml:3: bridge.vlans[0]: must be an integer, not a string; write a whole number from 1 to 4094, without quotes`},
		{"flag a string", "[bridge]\nports = [\"a\", \"b\"]\nlink_propagation = \"yes\"\n", `limpid.toml:3: bridge.link_propagation: must be true or false, not a string; write link_propagation = true or link_propagation = false`},
		{"flag a number", "[bridge]\nports = [\"a\", \"b\"]\nlink_propagation = 1\n", `limpid.toml:3: bridge.link_propagation: must be true or false, not an integer; write link_propagation = true or link_propagation = false`},
		{"section no table", "\nbridge = 1\n", "limpid.toml:2: bridge: must be a table, not an integer; write [bridge] once, with its keys below"},
		{"section many tables", "[[bridge]]\nports = [\"a\", \"b\"]\n", "limpid.toml:1: bridge: must be a table, not an array; write [bridge] once, with its keys below"},
	} {
		t.Run(tt.name, func(t *testing.T) { testRefusal(t, tt.source, tt.want) })
	}
}
