package relay

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"limpid/proxy/flowtest"
	"limpid/proxy/handover"
)

// The ACK that ends the handshake with the server takes the request along, and waits for nobody who is silent.
func TestHandshakeIsConfirmed(t *testing.T) {
	for name, first := range map[string]string{"request is there": get, "client is silent": "", "head in pieces": "GET / HT"} {
		t.Run(name, func(t *testing.T) {
			r := newWorker(t, Settings{})
			far, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				t.Fatal(err)
			}
			defer far.Close()
			var c int
			c, r.client = flowtest.TCP(t, "client")
			r.client.Send(first)
			u := flowtest.Connecting(t, far.Addr().(*net.TCPAddr).Port)
			if n := segments(t, u); n != 1 {
				t.Fatalf("%d segments were sent, want a SYN", n)
			}
			r.take(&handover.Flow{ClientFD: c, UpstreamFD: u, Unprobed: true})
			flowtest.Eventually(t, "the upstream is connected", func() bool {
				return flowtest.On(t, r.loop, func() bool {
					f := r.worker.flows[0]
					if !f.unconnected {
						if n := segments(t, u); n != 2 {
							t.Errorf("%d segments were sent, want a SYN and one more", n)
						}
					}
					return !f.unconnected
				})
			})
		})
	}
}

// segments is how many a socket has sent.
func segments(t *testing.T, fd int) uint32 {
	t.Helper()
	info, err := unix.GetsockoptTCPInfo(fd, unix.SOL_TCP, unix.TCP_INFO)
	if err != nil {
		t.Error(err)
		return 0
	}
	return info.Segs_out
}
