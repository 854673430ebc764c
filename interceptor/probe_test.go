package interceptor

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestProbeAgreesWithInstalling(t *testing.T) {
	box(t)
	f, err := Probe(t.Context())
	must(t, err)
	if got := output(t, "nft", "list", "tables"); got != "" {
		t.Errorf("probing left %s", got)
	}
	for _, must := range []error{f.Bridge, f.Redirect, f.TPROXY} {
		if must != nil {
			t.Errorf("every kernel limpid is developed on has this: %v", must)
		}
	}
	tests := map[string]struct {
		lacks  error
		change func(*Spec)
	}{
		"broute": {f.Broute, func(s *Spec) { s.Capture = Broute }},
		"mirror": {f.Queue, func(s *Spec) { s.Handshake = Mirror }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := box(t)
			tt.change(&s)
			i := opened(t)
			err := i.Apply(t.Context(), s)
			if (err == nil) != (tt.lacks == nil) {
				t.Errorf("probe says %v, installing says %v", tt.lacks, err)
			}
			var unsupported *UnsupportedError
			if tt.lacks != nil && (!errors.As(tt.lacks, &unsupported) || unsupported.MinKernel == "" || unsupported.Kconfig == "") {
				t.Errorf("the error does not say what is needed: %v", tt.lacks)
			}
		})
	}
}

func TestProbeWithoutCapability(t *testing.T) {
	runtime.LockOSThread() // never unlocked: the thread loses its capabilities
	var data [2]unix.CapUserData
	if err := unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &data[0]); err != nil {
		t.Fatal(err)
	}
	_, err := Probe(t.Context())
	if err == nil || !strings.Contains(err.Error(), "CAP_NET_ADMIN") || strings.Contains(err.Error(), "\n") {
		t.Fatalf("got %v", err)
	}
}
