package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

// lldpFrame is one of a system at its port, with more behind; it holds for two minutes.
func lldpFrame(name, port, more string) []byte {
	value := func(kind byte, text string) string { return string([]byte{kind << 1, byte(len(text))}) + text }
	return []byte("\x01\x80\xc2\x00\x00\x0e\x02\x00\x00\x00\x00\x07\x88\xcc" + value(1, "\x07rack 3") + value(2, "\x05"+port) + value(3, "\x00\x78") +
		value(5, name) + more + "\x00\x00")
}

// exampleNeighbours has two at the clients' end, one of which holds no longer.
func exampleNeighbours() control.Neighbours {
	return control.Neighbours{LAN: []control.Neighbour{
		{Age: 120, Frame: lldpFrame("old", "1", "")},
		{Age: 12.7, Frame: lldpFrame("sw\x1b[31m1", "Gi1/0/7", "\x08\x06uplink"+"\x0e\x04\x00\x04\x00\x04"+"\x10\x0c\x05\x01\xc0\x00\x02\x01\x02\x00\x00\x00\x09\x00")},
	}, WAN: []control.Neighbour{{Age: 1, Frame: []byte("noise")}}}
}

func (b *backend) Neighbours(context.Context) (control.Neighbours, error) {
	return exampleNeighbours(), nil
}

func TestNeighboursForPeople(t *testing.T) {
	dir := answerOn(t, &backend{})
	code, stdout, stderr := limpid("neighbours", "--run", dir)
	want := "clients  sw\ufffd[31m1\n" +
		"           port      Gi1/0/7\n" +
		"                     uplink\n" +
		"           chassis   rack 3\n" +
		"           is        bridge\n" +
		"           address   192.0.2.1\n" +
		"           heard     12 s ago from 02:00:00:00:00:07, holds for another 1 min 47 s\n" +
		"servers  nobody is heard\n"
	if code != exitDone || stdout != want || stderr != "" {
		t.Errorf("code %d, got\n%swant\n%s%s", code, stdout, want, stderr)
	}
	code, stdout, stderr = limpid("neighbours", "--json", "--run", dir)
	var told map[string][]struct {
		Name, Port string
		TTL        int
		Age        float64
	}
	if err := json.Unmarshal([]byte(stdout), &told); err != nil || code != exitDone || len(told["lan"]) != 1 || told["wan"] == nil || len(told["wan"]) != 0 {
		t.Fatalf("code %d, %v, %s%s", code, err, stdout, stderr)
	}
	if n := told["lan"][0]; n.Name != "sw\ufffd[31m1" || n.Port != "Gi1/0/7" || n.TTL != 120 || n.Age != 12.7 {
		t.Errorf("%+v", n)
	}
}

func TestStatusNamesNeighbours(t *testing.T) {
	dir := answerOn(t, &backend{})
	want := "  clients   eth0 up, 1000 Mbit/s\n            beside sw\ufffd[31m1, port Gi1/0/7 (LLDP, 12 s ago)\n  servers   eth1 no carrier\n  bridge "
	if code, stdout, _ := limpid("status", "--run", dir); code != exitDone || !strings.Contains(stdout, want) {
		t.Errorf("code %d, got\n%swant\n%s", code, stdout, want)
	}
	var b bytes.Buffer
	s := exampleStatus()
	printStatus(&b, s, control.Neighbours{}, time.Now())
	if strings.Contains(b.String(), "beside") {
		t.Errorf("nobody is there, and it says\n%s", &b)
	}
}
