package config

import (
	stdcmp "cmp"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestManagementRefusals(t *testing.T) {
	testRefusals(t, []refusal{
		{"address no string", "[management]\naddress = 1", `limpid.toml:3: management.address: must be a string, not an integer; put it in double quotes`},
		{"address empty", "[management]\naddress = \"\"", `limpid.toml:3: management.address: "" is neither an address with a prefix length nor a word known here; use "dhcp", "192.0.2.10/24" or "none"`},
		{"address a word", "[management]\naddress = \"auto\"", `limpid.toml:3: management.address: "auto" is neither an address with a prefix length nor a word known here; use "dhcp", "192.0.2.10/24" or "none"`},
		{"address bare", "[management]\naddress = \"192.0.2.10\"", `limpid.toml:3: management.address: "192.0.2.10" has no prefix length; add it, like "192.0.2.10/24"`},
		{"address bare IPv6", "[management]\naddress = \"2001:db8::1\"", `limpid.toml:3: management.address: "2001:db8::1" has no prefix length; add it, like "2001:db8::1/64"`},
		{"address of the network", "[management]\naddress = \"192.0.2.0/24\"", `limpid.toml:3: management.address: "192.0.2.0/24" is the network address of its subnet; give the box an address of its own`},
		{"address of the IPv6 network", "[management]\naddress = \"2001:db8::/64\"", `limpid.toml:3: management.address: "2001:db8::/64" is the network address of its subnet; give the box an address of its own`},
		{"address broadcast", "[management]\naddress = \"192.0.2.255/24\"", `limpid.toml:3: management.address: "192.0.2.255/24" is the broadcast address of its subnet; give the box an address of its own`},
		{"address multicast", "[management]\naddress = \"224.0.0.1/24\"", `limpid.toml:3: management.address: "224.0.0.1" is not the address of one host; write that of one host`},
		{"address unspecified", "[management]\naddress = \"0.0.0.0/0\"", `limpid.toml:3: management.address: "0.0.0.0" is not the address of one host; write that of one host`},
		{"address loopback", "[management]\naddress = \"127.0.0.1/8\"", `limpid.toml:3: management.address: "127.0.0.1/8" is a loopback address; give the box one that others can reach`},
		{"address mapped", "[management]\naddress = \"::ffff:192.0.2.1/120\"", `limpid.toml:3: management.address: "::ffff:192.0.2.1" is IPv4 in IPv6 clothes; write "192.0.2.1"`},
		{"gateway no address", "[management]\naddress = \"192.0.2.10/24\"\ngateway = \"router\"", `limpid.toml:4: management.gateway: "router" is not an IP address; write it like "192.0.2.1" or "2001:db8::1"`},
		{"gateway with zone", "[management]\naddress = \"2001:db8::2/64\"\ngateway = \"fe80::1%eth0\"", `limpid.toml:4: management.gateway: "fe80::1%eth0" is not an IP address; write it like "192.0.2.1" or "2001:db8::1"`},
		{"gateway outside", "[management]\naddress = \"192.0.2.10/24\"\ngateway = \"192.0.3.1\"", `limpid.toml:4: management.gateway: 192.0.3.1 is outside 192.0.2.0/24; name a router inside it`},
		{"gateway of the other family", "[management]\naddress = \"192.0.2.10/24\"\ngateway = \"fe80::1\"", `limpid.toml:4: management.gateway: fe80::1 is outside 192.0.2.0/24; name a router inside it`},
		{"gateway itself", "[management]\naddress = \"192.0.2.10/24\"\ngateway = \"192.0.2.10\"", `limpid.toml:4: management.gateway: 192.0.2.10 is the box's own address; name the router's`},
		{"gateway broadcast", "[management]\naddress = \"192.0.2.10/24\"\ngateway = \"192.0.2.255\"", `limpid.toml:4: management.gateway: 192.0.2.255 is the broadcast address of 192.0.2.0/24; name a router inside it`},
		{"gateway network", "[management]\naddress = \"192.0.2.10/24\"\ngateway = \"192.0.2.0\"", `limpid.toml:4: management.gateway: 192.0.2.0 is the network address of 192.0.2.0/24; name a router inside it`},
		{"gateway with dhcp", "[management]\ngateway = \"192.0.2.1\"", `limpid.toml:3: management.gateway: needs a fixed management.address; set one like "192.0.2.10/24" or take the gateway out`},
		{"gateway with none", "[management]\naddress = \"none\"\ngateway = \"192.0.2.1\"", `limpid.toml:4: management.gateway: needs a fixed management.address; set one like "192.0.2.10/24" or take the gateway out`},
		{"bad address, gateway not judged", "[management]\naddress = \"x\"\ngateway = \"192.0.2.1\"", `limpid.toml:3: management.address: "x" is neither an address with a prefix length nor a word known here; use "dhcp", "192.0.2.10/24" or "none"`},
		{"dns a string", "[management]\ndns = \"192.0.2.53\"", `limpid.toml:3: management.dns: must be an array, not a string; put its values in [ ]`},
		{"dns a name", "[management]\ndns = [\n\"192.0.2.53\",\n\"dns.example\"]", `limpid.toml:5: management.dns[1]: "dns.example" is not an IP address; write it like "192.0.2.1" or "2001:db8::1"`},
		{"dns twice", "[management]\ndns = [\"2001:db8::53\", \"2001:DB8:0::53\"]", `limpid.toml:3: management.dns[1]: "2001:DB8:0::53" is named twice; keep one`},
		{"dns unspecified", "[management]\ndns = [\"::\"]", `limpid.toml:3: management.dns[0]: "::" is not the address of one host; write that of one host`},
		{"dns broadcast", "[management]\ndns = [\"255.255.255.255\"]", `limpid.toml:3: management.dns[0]: "255.255.255.255" is not the address of one host; write that of one host`},
		{"ntp a string", "[management]\nntp = \"192.0.2.123\"", `limpid.toml:3: management.ntp: must be an array, not a string; put its values in [ ]`},
		{"ntp with a port", "[management]\nntp = [\n\"192.0.2.123\",\n\"time.example:123\"]", `limpid.toml:5: management.ntp[1]: "time.example:123" is neither a name nor an address; write it like "time.example" or "192.0.2.123"`},
		{"ntp empty", "[management]\nntp = [\"\"]", `limpid.toml:3: management.ntp[0]: "" is neither a name nor an address; write it like "time.example" or "192.0.2.123"`},
		{"ntp a mistaken address", "[management]\nntp = [\"192.0.2.300\"]", `limpid.toml:3: management.ntp[0]: "192.0.2.300" is neither a name nor an address; write it like "time.example" or "192.0.2.123"`},
		{"ntp a URL", "[management]\nntp = [\"ntp://time.example\"]", `limpid.toml:3: management.ntp[0]: "ntp://time.example" is neither a name nor an address; write it like "time.example" or "192.0.2.123"`},
		{"ntp with zone", "[management]\nntp = [\"fe80::1%br0\"]", `limpid.toml:3: management.ntp[0]: "fe80::1%br0" is not an IP address; write it like "192.0.2.1" or "2001:db8::1"`},
		{"ntp multicast", "[management]\nntp = [\"224.0.1.1\"]", `limpid.toml:3: management.ntp[0]: "224.0.1.1" is not the address of one host; write that of one host`},
		{"ntp name twice", "[management]\nntp = [\"time.example\", \"Time.Example\"]", `limpid.toml:3: management.ntp[1]: "Time.Example" is named twice; keep one`},
		{"ntp address twice", "[management]\nntp = [\"2001:db8::1\", \"2001:DB8:0::1\"]", `limpid.toml:3: management.ntp[1]: "2001:DB8:0::1" is named twice; keep one`},
		{"ntp too many", "[management]\nntp = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\", \"i\"]", `limpid.toml:3: management.ntp[8]: "i" is one too many; keep at most 8`},
		{"timezone a number", "[management]\ntimezone = 1", `limpid.toml:3: management.timezone: must be a string, not an integer; put it in double quotes`},
		{"timezone misspelt", "[management]\ntimezone = \"Europe/Berln\"", `limpid.toml:3: management.timezone: "Europe/Berln" is no time zone known here; write one like "Europe/Berlin" or "America/New_York", or "UTC"`},
		{"timezone empty", "[management]\ntimezone = \"\"", `limpid.toml:3: management.timezone: "" is no time zone known here; write one like "Europe/Berlin" or "America/New_York", or "UTC"`},
		{"timezone of the host", "[management]\ntimezone = \"Local\"", `limpid.toml:3: management.timezone: "Local" is no time zone known here; write one like "Europe/Berlin" or "America/New_York", or "UTC"`},
		{"timezone a path", "[management]\ntimezone = \"../../etc/passwd\"", `limpid.toml:3: management.timezone: "../../etc/passwd" is no time zone known here; write one like "Europe/Berlin" or "America/New_York", or "UTC"`},
		{"timezone an absolute path", "[management]\ntimezone = \"/usr/share/zoneinfo/UTC\"", `limpid.toml:3: management.timezone: "/usr/share/zoneinfo/UTC" is no time zone known here; write one like "Europe/Berlin" or "America/New_York", or "UTC"`},
		{"interface is a port", "[management]\ninterface = \"eth1\"", `limpid.toml:3: management.interface: "eth1" is one of bridge.ports; name a third interface, or "" for the bridge`},
		{"interface is the bridge", "[management]\ninterface = \"br0\"", `limpid.toml:3: management.interface: "br0" is the bridge; write "" for it`},
		{"interface illegal", "[management]\ninterface = \"a b\"", `limpid.toml:3: management.interface: "a b" is no interface name; leave out spaces, "/", ":" and "%"`},
		{"vlan negative", "[management]\nvlan = -1", `limpid.toml:3: management.vlan: -1 is out of range; use 0 to 4094`},
		{"vlan 4095", "[management]\nvlan = 4095", `limpid.toml:3: management.vlan: 4095 is out of range; use 0 to 4094`},
		{"vlan a float", "[management]\nvlan = 1.0", `limpid.toml:3: management.vlan: must be an integer, not a float; write a whole number from 0 to 4094, without quotes`},
	})
}

func TestManagementAccepted(t *testing.T) {
	tests := []struct {
		name, source string
		want         Management
		none         bool
	}{
		{"dhcp", `address = "dhcp"`, Management{DHCP: true}, false},
		{"none", `address = "none"`, Management{}, true},
		{"fixed", `address = "192.0.2.10/24"`, Management{Address: netip.MustParsePrefix("192.0.2.10/24")}, false},
		{"point to point", "address = \"192.0.2.0/31\"\ngateway = \"192.0.2.1\"",
			Management{Address: netip.MustParsePrefix("192.0.2.0/31"), Gateway: netip.MustParseAddr("192.0.2.1")}, false},
		{"link-local router", "address = \"2001:db8::2/64\"\ngateway = \"fe80::1\"",
			Management{Address: netip.MustParsePrefix("2001:db8::2/64"), Gateway: netip.MustParseAddr("fe80::1")}, false},
		{"anycast router", "address = \"2001:db8::2/64\"\ngateway = \"2001:db8::\"",
			Management{Address: netip.MustParsePrefix("2001:db8::2/64"), Gateway: netip.MustParseAddr("2001:db8::")}, false},
		{"empty strings", "gateway = \"\"\ninterface = \"\"", Management{DHCP: true}, false},
		{"time servers", "ntp = [\"Time.Example\", \"3.pool_a.example\", \"192.0.2.123\", \"2001:DB8:0::1\"]",
			Management{DHCP: true, NTP: []string{"time.example", "3.pool_a.example", "192.0.2.123", "2001:db8::1"}}, false},
		{"timezone", `timezone = "America/Argentina/ComodRivadavia"`, Management{DHCP: true, Timezone: "America/Argentina/ComodRivadavia"}, false},
		{"third NIC", "interface = \"eth2\"\nvlan = 4094", Management{DHCP: true, Interface: "eth2", VLAN: 4094}, false},
	}
	compare := []cmp.Option{cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }), cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmpopts.EquateEmpty()}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := parsed(t, "[management]\n"+tt.source).Management
			tt.want.Timezone = stdcmp.Or(tt.want.Timezone, "UTC")
			if diff := cmp.Diff(tt.want, got, compare...); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.None() != tt.none {
				t.Errorf("None is %v", got.None())
			}
		})
	}
}
