package lldp

import (
	"bytes"
	"slices"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// FuzzParse reads any frame without a fault: what is taken is told in texts that are
// safe to show, depends on nothing behind the frame's end, and is the same each time.
// In testdata is what real systems send.
func FuzzParse(f *testing.F) {
	f.Add(whole())
	f.Add(frame(least()...))
	f.Add(frame(append(least(), end(), make([]byte, 30))...))
	f.Add(frame(sub(typeChassis, 5, "\x01\xc0\x00\x02\x01"), sub(typePort, 4, "\x06\x02\x00\x00\x00\x00\x01"), ttl(0)))
	f.Add(frame(append(least(), text(typeName, "\x1b[2J\u202e\xff"), piece(typeManagement, 0), piece(typeCapabilities, 0xff, 0xff, 0xff, 0xff))...))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		n, err := Parse(b)
		if !bytes.Equal(b, before) {
			t.Fatal("the frame is another one now")
		}
		if err != nil {
			if bytes.ContainsAny([]byte(err.Error()), "\n\x1b") {
				t.Fatalf("error %q", err)
			}
			if list := Of([]Heard{{b, 0}}); len(list) != 0 {
				t.Fatalf("nobody is there, and %+v is shown", list)
			}
			return
		}
		texts := slices.Concat([]string{n.MAC, n.Chassis, n.Port, n.Name, n.Description, n.PortDescription, n.Called(), n.At()}, n.Is, n.Management)
		for _, text := range texts {
			if len(text) > 4*(longestShown+3) || !utf8.ValidString(text) {
				t.Fatalf("%q is %d bytes", text, len(text))
			}
			for _, r := range text {
				if !unicode.IsPrint(r) {
					t.Fatalf("%q has %U in it", text, r)
				}
			}
		}
		if n.Called() == "" || n.TTL < 0 || n.TTL > 65535*time.Second || len(n.Management) > mostAddresses {
			t.Fatalf("%+v", n)
		}
		if list := Of([]Heard{{b, n.TTL}, {b, n.TTL + 1}}); len(list) != 0 {
			t.Fatalf("it no longer holds, and %+v is shown", list)
		}
		if list := Of([]Heard{{b, n.TTL - 1}, {b, n.TTL - 1}}); n.TTL > 0 && len(list) != 1 {
			t.Fatalf("it holds, and %+v is shown", list)
		}
	})
}
