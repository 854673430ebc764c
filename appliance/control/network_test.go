package control

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestNetwork(t *testing.T) {
	dir := t.TempDir()
	if n, err := ReadNetwork(dir); err != nil || n.DNS != nil || n.NTP != nil {
		t.Errorf("before anybody told: %+v, %v", n, err)
	}
	for _, want := range []Network{
		{DNS: []netip.Addr{netip.MustParseAddr("192.0.2.53"), netip.MustParseAddr("2001:db8::53")}, NTP: []string{"time.example"},
			Own: Address{Prefix: netip.MustParsePrefix("192.0.2.10/24"), Gateway: netip.MustParseAddr("192.0.2.1")}},
		{},
	} {
		if err := WriteNetwork(dir, want); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadNetwork(dir); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, networkName), []byte(`{"dns":["x"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := ReadNetwork(dir); err == nil {
		t.Errorf("nonsense is %+v", n)
	}
	if err := WriteNetwork(dir+"/none", Network{}); err == nil {
		t.Error("written to nowhere")
	}
}
