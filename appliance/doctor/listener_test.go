package doctor

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

const columns = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

func TestListenersOfTheKernel(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		want := netip.MustParseAddrPort(listener.Addr().String())
		// Two connections that nobody accepts.
		for range 2 {
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", want.String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
		}
		list, err := readListeners()
		if err != nil || !slices.Contains(list, Listener{want, 2}) {
			t.Errorf("%v with 2 that wait is not in %v, %v", want, list, err)
		}
	}
}

// What follows the listening sockets may be very long, and is not read.
func TestListenersEndAtTheFirstConnection(t *testing.T) {
	const listens = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000 0 0 1 1\n"
	const open = "   1: 0100007F:1F91 0100007F:9C40 01 00000000:00000000 00:00000000 00000000 0 0 1 1\n"
	list, err := parseListeners(strings.NewReader(columns + listens + open + "broken\n"))
	if err != nil || len(list) != 1 || list[0].Waiting != 3 || list[0].Address.Port() != 8080 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestListenersThatAreNone(t *testing.T) {
	for _, line := range []string{
		"0: 0100007F:1F90 0A",
		"0: 0100007:1F90 00000000:0000 0A 00000000:00000003 0",
		"0: 0100007F:X 00000000:0000 0A 00000000:00000003 0",
		"0: 0100007F:1F90 00000000:0000 0A 00000000:X 0",
	} {
		if list, err := parseListeners(strings.NewReader(columns + line + "\n")); err == nil {
			t.Errorf("%q is %v", line, fmt.Sprint(list))
		}
	}
}
