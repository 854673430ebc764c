package endtoend

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
	"limpid/test/firmware"
	"limpid/test/lab"
)

// kills ends each process of limpid's inside the box, by SIGKILL and with connections coming in: those that are begun
// after it find a server, and limpid is inline again by itself.
func kills(t *testing.T, b *firmware.Box) {
	origin, err := b.Lab.S1.HTTPOrigin(":80")
	if err != nil {
		t.Fatal(err)
	}
	defer origin.Close()
	for _, name := range []string{"gate", "proxy", "web", "supervise"} {
		t.Run(name, func(t *testing.T) { kill(t, b, name) })
	}
}

func kill(t *testing.T, b *firmware.Box, name string) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	pid := processID(t, b, name)
	before := status(t, b)
	load := lab.Load{
		Rate: 5, Timeout: 2 * time.Minute,
		Dial: func(ctx context.Context) (*net.TCPConn, error) {
			return b.Lab.C1.Dial(ctx, "tcp", "", "10.77.0.101:80")
		},
		Do: lab.Get("/bytes/20000"),
	}.Start(t.Context())
	defer load.Stop()
	// A load that goes past the process would survive anything.
	if _, err := b.WaitStatus(ctx, "captured connections", func(s control.Status) bool { return s.Flows.Captured > before.Flows.Captured+5 }); err != nil {
		t.Fatal(err)
	}
	shell(t, b, "kill -9 "+pid)
	killed := time.Now()
	after, err := b.WaitStatus(ctx, "inline with another "+name, func(s control.Status) bool {
		return s.Mode == control.Inline && (name == "supervise" || childID(s, name) != 0 && fmt.Sprint(childID(s, name)) != pid)
	})
	if err != nil {
		t.Fatal(err)
	}
	if now := processID(t, b, name); now == pid {
		t.Errorf("%s is still process %s", name, pid)
	}
	// And captures again.
	if _, err := b.WaitStatus(ctx, "captured connections", func(s control.Status) bool { return s.Flows.Captured > after.Flows.Captured+5 }); err != nil {
		t.Fatal(err)
	}
	report := load.Stop()
	if r := report.Since(killed); r.Failures() > 0 || r.Count() == 0 {
		t.Errorf("of %d connections begun after the kill %d failed: %v", r.Count(), r.Failures(), r.Err())
	}
	t.Logf("%v; in flight at the kill: %v", report, report.InFlight(killed))
}

func childID(s control.Status, name string) int {
	return map[string]int{"gate": s.Gate.PID, "proxy": s.Proxy.PID, "web": s.Web.PID}[name]
}

// processID finds one of limpid's processes as anybody would.
func processID(t *testing.T, b *firmware.Box, name string) string {
	t.Helper()
	out := strings.Fields(shell(t, b, `for p in /proc/[0-9]*; do case "$(tr '\0' ' ' <$p/cmdline)" in "limpid `+name+` "*) echo ${p#/proc/};; esac; done 2>/dev/null`))
	if len(out) != 1 {
		t.Fatalf("processes named limpid %s: %v, want one", name, out)
	}
	return out[0]
}
