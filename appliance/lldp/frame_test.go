package lldp

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// head is an Ethernet head to the nearest bridge.
func head() []byte {
	return []byte{0x01, 0x80, 0xc2, 0, 0, 0x0e, 2, 0, 0, 0, 0, 7, 0x88, 0xcc}
}

// piece is a TLV.
func piece(kind byte, value ...byte) []byte {
	return append([]byte{kind<<1 | byte(len(value)>>8), byte(len(value))}, value...)
}

func text(kind byte, s string) []byte { return piece(kind, []byte(s)...) }

// sub is a TLV whose value has a subtype.
func sub(kind, subtype byte, s string) []byte {
	return piece(kind, append([]byte{subtype}, s...)...)
}

func ttl(seconds uint16) []byte { return piece(typeTTL, byte(seconds>>8), byte(seconds)) }

func end() []byte { return piece(typeEnd) }

func frame(pieces ...[]byte) []byte { return append(head(), slices.Concat(pieces...)...) }

// whole is a frame as a switch sends it.
func whole() []byte {
	return frame(
		sub(typeChassis, 4, "\x02\x00\x00\x00\x00\x01"), sub(typePort, 5, "Gi1/0/7"), ttl(120),
		text(typePortDescription, "Uplink to limpid"), text(typeName, "core-sw1.example.net"),
		text(typeDescription, "Example OS\r\n  Version 1.2\n"),
		piece(typeCapabilities, 0, 0x14|0x20, 0, 0x14),
		piece(typeManagement, append([]byte{5, 1, 192, 0, 2, 1, 2, 0, 0, 0, 9}, 0)...),
		piece(typeManagement, append([]byte{17, 2, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 9}, 2, 43, 6)...),
		piece(127, 0, 0x80, 0xc2, 1, 0, 1), // VLAN of the port (IEEE 802.1)
		end(), make([]byte, 20),
	)
}

func TestParse(t *testing.T) {
	n, err := Parse(whole())
	want := Neighbour{
		MAC: "02:00:00:00:00:07", Chassis: "02:00:00:00:00:01", Port: "Gi1/0/7", TTL: 2 * time.Minute, Name: "core-sw1.example.net",
		Description: "Example OS Version 1.2", PortDescription: "Uplink to limpid", Is: []string{"bridge", "router"},
		Management: []string{"192.0.2.1", "2001:db8::1"},
	}
	if diff := cmp.Diff(want, n, cmpopts.IgnoreUnexported(Neighbour{})); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	if n.Called() != "core-sw1.example.net" || n.At() != "Gi1/0/7" {
		t.Errorf("called %q at %q", n.Called(), n.At())
	}
}

// first three of a frame that is as short as it may be.
func least() [][]byte {
	return [][]byte{sub(typeChassis, 7, "a"), sub(typePort, 7, "b"), ttl(9)}
}

func TestParseRefuses(t *testing.T) {
	l := least()
	for name, tt := range map[string]struct {
		frame []byte
		want  string
	}{
		"nothing":                  {nil, "0 bytes are no frame"},
		"half a head":              {head()[:13], "13 bytes are no frame"},
		"another EtherType":        {append(bytes.Clone(head()[:12]), 8, 0), "EtherType is 0x0800"},
		"an inner tag":             {append(bytes.Clone(head()[:12]), 0x81, 0, 0, 0, 0x88, 0xcc), "EtherType is 0x8100"},
		"no TLV":                   {frame(), "TLV 1 is not of type 1"},
		"only an end":              {frame(end()), "TLV 1 is not of type 1"},
		"two TLVs":                 {frame(l[0], l[1], end()), "TLV 3 is not of type 3"},
		"port first":               {frame(l[1], l[0], l[2]), "TLV 1 is not of type 1"},
		"name among them":          {frame(l[0], l[1], text(typeName, "n"), l[2]), "TLV 3 is not of type 3"},
		"chassis twice":            {frame(l[0], l[1], l[2], l[0], end()), "a second TLV of type 1"},
		"time to live twice":       {frame(l[0], l[1], l[2], l[2], end()), "a second TLV of type 3"},
		"chassis without an ID":    {frame(piece(typeChassis, 7), l[1], l[2]), "ID of chassis has 1 bytes"},
		"empty chassis":            {frame(piece(typeChassis), l[1], l[2]), "ID of chassis has 0 bytes"},
		"chassis too long":         {frame(sub(typeChassis, 7, strings.Repeat("c", 256)), l[1], l[2]), "ID of chassis has 257 bytes"},
		"port too long":            {frame(l[0], sub(typePort, 7, strings.Repeat("p", 256)), l[2]), "ID of port has 257 bytes"},
		"port without an ID":       {frame(l[0], piece(typePort, 5), l[2]), "ID of port has 1 bytes"},
		"half a time to live":      {frame(l[0], l[1], piece(typeTTL, 1)), "time to live has 1 bytes"},
		"half a TLV's head":        {frame(l[0], l[1], l[2], []byte{10}), "breaks off in the head"},
		"TLV longer than its room": {frame(l[0], l[1], l[2], []byte{10, 200, 'n'}), "TLV of type 5 has 1 bytes of 200"},
		"an end with a value":      {frame(l[0], l[1], l[2], piece(typeEnd, 1)), "its end has 1 bytes"},
	} {
		if n, err := Parse(tt.frame); err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %+v, %v, want %q", name, n, err, tt.want)
		}
	}
}

// TestOptionalTLVs: what may be missing is missing when it is wrong, and spoils nothing else.
func TestOptionalTLVs(t *testing.T) {
	management := func(b ...byte) []byte { return piece(typeManagement, b...) }
	for name, tt := range map[string]struct {
		pieces [][]byte
		want   Neighbour
	}{
		"no end":                     {nil, Neighbour{}},
		"the first name counts":      {[][]byte{text(typeName, "one"), text(typeName, "two")}, Neighbour{Name: "one"}},
		"behind the end":             {[][]byte{end(), text(typeName, "n")}, Neighbour{}},
		"name too long":              {[][]byte{text(typeName, strings.Repeat("n", 256)), text(typeDescription, "d")}, Neighbour{Description: "d"}},
		"empty name":                 {[][]byte{text(typeName, "")}, Neighbour{}},
		"capabilities of 3 bytes":    {[][]byte{piece(typeCapabilities, 0, 4, 0)}, Neighbour{}},
		"on, and not able to":        {[][]byte{piece(typeCapabilities, 0, 4, 0xf8, 6)}, Neighbour{Is: []string{"bridge"}}},
		"bits nobody knows":          {[][]byte{piece(typeCapabilities, 0xf8, 0, 0x80, 0)}, Neighbour{Is: []string{"bits 0x8000"}}},
		"all capabilities":           {[][]byte{piece(typeCapabilities, 0, 3, 0, 3)}, Neighbour{Is: []string{"other", "repeater"}}},
		"address without its number": {[][]byte{management(5, 1, 192, 0, 2, 1)}, Neighbour{}},
		"address longer than it is":  {[][]byte{management(31, 1, 192, 0, 2, 1, 2, 0, 0, 0, 9, 0)}, Neighbour{}},
		"address of no length":       {[][]byte{management(0, 2, 0, 0, 0, 9, 0)}, Neighbour{}},
		"OID longer than it is":      {[][]byte{management(5, 1, 192, 0, 2, 1, 2, 0, 0, 0, 9, 4, 1)}, Neighbour{}},
		"more than the OID":          {[][]byte{management(5, 1, 192, 0, 2, 1, 2, 0, 0, 0, 9, 0, 1)}, Neighbour{}},
		"IPv4 of 3 bytes":            {[][]byte{management(4, 1, 192, 0, 2, 2, 0, 0, 0, 9, 0)}, Neighbour{}},
		"an unknown family":          {[][]byte{management(3, 16, 1, 2, 2, 0, 0, 0, 9, 0)}, Neighbour{}},
		"a MAC address":              {[][]byte{management(7, 6, 2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 9, 0)}, Neighbour{Management: []string{"02:00:00:00:00:09"}}},
		"many addresses":             {slices.Repeat([][]byte{management(5, 1, 192, 0, 2, 1, 2, 0, 0, 0, 9, 0)}, 9), Neighbour{Management: slices.Repeat([]string{"192.0.2.1"}, mostAddresses)}},
		"what nobody knows":          {[][]byte{piece(9, 1), piece(126), piece(127), text(typeName, "n")}, Neighbour{Name: "n"}},
	} {
		n, err := Parse(frame(append(least(), tt.pieces...)...))
		tt.want.MAC, tt.want.Chassis, tt.want.Port, tt.want.TTL = "02:00:00:00:00:07", "a", "b", 9*time.Second
		if diff := cmp.Diff(tt.want, n, cmpopts.IgnoreUnexported(Neighbour{})); diff != "" || err != nil {
			t.Errorf("%s: %v, -want +got:\n%s", name, err, diff)
		}
	}
}

func TestIDs(t *testing.T) {
	mac := "\x02\x00\x00\x00\x00\x05"
	for _, tt := range []struct {
		subtype       byte
		value         string
		chassis, port string
	}{
		{1, "rack 1", "rack 1", "rack 1"},
		{2, "eth0", "eth0", "eth0"},
		{3, "psu", "psu", "0x707375"}, // a port's MAC address, and none of its length
		{3, mac, "0x020000000005", "02:00:00:00:00:05"},
		{4, mac, "02:00:00:00:00:05", "0x020000000005"}, // a port's network address, of a family nobody knows
		{4, "\x01\xc0\x00\x02\x01", "0x01c0000201", "192.0.2.1"},
		{5, "\x01\xc0\x00\x02\x01", "192.0.2.1", "0x01c0000201"},
		{5, "\x02 0123456789abcde", "0x0220303132333435363738396162636465", "0x0220303132333435363738396162636465"},
		{6, "en1", "en1", "en1"},
		{7, "local", "local", "local"},
		{7, "\x00\x01", "0x0001", "0x0001"},
		{7, "\xff", "0xff", "0xff"},
		{7, "a\u202eb", "0x61e280ae62", "0x61e280ae62"},
		{7, "  ", "0x2020", "0x2020"},
		{7, "terminated\x00", "terminated", "terminated"},
		{0, "res", "0x726573", "0x726573"},
		{8, "res", "0x726573", "0x726573"},
		{255, strings.Repeat("\x01", 40), "0x" + strings.Repeat("01", 32) + "...", "0x" + strings.Repeat("01", 32) + "..."},
	} {
		n, err := Parse(frame(sub(typeChassis, tt.subtype, tt.value), sub(typePort, tt.subtype, tt.value), ttl(1)))
		wantChassis, wantPort := tt.chassis, tt.port
		if tt.subtype == 5 && strings.HasPrefix(tt.value, "\x02") {
			wantChassis = "2030:3132:3334:3536:3738:3961:6263:6465"
		}
		if err != nil || n.Chassis != wantChassis || n.Port != wantPort {
			t.Errorf("subtype %d of %q: chassis %q, port %q, %v; want %q, %q", tt.subtype, tt.value, n.Chassis, n.Port, err, wantChassis, wantPort)
		}
	}
}

func TestTextsAreSafe(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                  "plain",
		"Żółw 交換機":               "Żółw 交換機",
		" two\r\n\tlines \n":     "two lines",
		"ends\x00\x00":           "ends",
		"in\x00side":             "in\ufffdside",
		"\x1b[31mred\x1b[0m":     "\ufffd[31mred\ufffd[0m",
		"bad \xff\xfe UTF-8":     "bad \ufffd\ufffd UTF-8",
		"turn \u202eround\u2066": "turn \ufffdround\ufffd",
		"\u200bhidden\ufeff":     "\ufffdhidden\ufffd",
		"line\u2028end\u0085":    "line end",
		"private \ue000":         "private \ufffd",
		"":                       "",
		"\n \t":                  "",
		strings.Repeat("x", 255): strings.Repeat("x", longestShown) + "...",
	} {
		if got := safe([]byte(in)); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

// A goodbye says nothing but who leaves.
func TestGoodbye(t *testing.T) {
	n, err := Parse(frame(sub(typeChassis, 7, "a"), sub(typePort, 7, "b"), ttl(0), text(typeName, "n"), end()))
	if err != nil || n.TTL != 0 || n.Name != "" || n.Called() != "a" {
		t.Errorf("%+v, %v", n, err)
	}
}

func TestOf(t *testing.T) {
	say := func(chassis, port string, seconds uint16, name string) []byte {
		return frame(sub(typeChassis, 7, chassis), sub(typePort, 7, port), ttl(seconds), text(typeName, name), end())
	}
	for name, tt := range map[string]struct {
		heard []Heard
		want  string
	}{
		"nobody":             {nil, ""},
		"one":                {[]Heard{{say("a", "1", 120, "x"), 119 * time.Second}}, "x"},
		"too old":            {[]Heard{{say("a", "1", 120, "x"), 120 * time.Second}}, ""},
		"gone":               {[]Heard{{say("a", "1", 0, "x"), 0}}, ""},
		"no LLDP":            {[]Heard{{[]byte("noise"), 0}, {say("a", "1", 120, "x"), 0}}, "x"},
		"in order":           {[]Heard{{say("a", "1", 9, "y"), 3}, {say("b", "1", 9, "x"), 1}, {say("c", "2", 9, "x"), 2}}, "x x y"},
		"from two addresses": {[]Heard{{say("a", "1", 9, "old"), 2}, {say("a", "1", 9, "new"), 1}}, "new"},
		"gone by another":    {[]Heard{{say("a", "1", 9, "old"), 2}, {say("a", "1", 0, ""), 1}}, ""},
		"come back":          {[]Heard{{say("a", "1", 0, ""), 2}, {say("a", "1", 9, "back"), 1}}, "back"},
		"another port of it": {[]Heard{{say("a", "1", 9, "x"), 2}, {say("a", "2", 0, ""), 1}}, "x"},
	} {
		var got []string
		for _, n := range Of(tt.heard) {
			got = append(got, n.Called())
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestPortsForPeople(t *testing.T) {
	for want, pieces := range map[string][][]byte{
		"Gi1":  {sub(typePort, 5, "Gi1"), ttl(1), text(typePortDescription, "uplink")},
		"eth0": {sub(typePort, 3, "\x02\x00\x00\x00\x00\x05"), ttl(1), text(typePortDescription, "eth0")},
		"":     {sub(typePort, 3, "\x02\x00\x00\x00\x00\x05"), ttl(1)},
	} {
		n, err := Parse(frame(append([][]byte{sub(typeChassis, 7, "a")}, pieces...)...))
		if err != nil || n.At() != want {
			t.Errorf("%q, %v, want %q", n.At(), err, want)
		}
	}
}
