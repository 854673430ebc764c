package guest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A real server and a real client on both sides of a bridge, with a capture in between.
func TestNginxServesCurl(t *testing.T) {
	threeNamespaces(t)
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "page.html"), []byte("hello from the guest\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(config, []byte(`daemon off; user root; pid `+dir+`/pid; error_log stderr;
events {}
http { include /etc/nginx/mime.types; access_log off; server { listen 192.0.2.2:80; root `+dir+`; } }
`), 0o644); err != nil {
		t.Fatal(err)
	}
	start(t, "ip", "netns", "exec", "server", "nginx", "-c", config)
	pcap := filepath.Join(dir, "lan.pcap")
	start(t, "ip", "netns", "exec", "box", "tcpdump", "-i", "lan", "-U", "-w", pcap, "-c", "1", "tcp", "port", "80")
	waitFor(t, "capture", func() bool { info, err := os.Stat(pcap); return err == nil && info.Size() > 0 })
	out := command(t, "ip netns exec client curl -sS -i --retry 20 --retry-connrefused --retry-delay 1 http://192.0.2.2/page.html")
	if !strings.Contains(out, "Content-Type: text/html") || !strings.HasSuffix(out, "hello from the guest\n") {
		t.Errorf("curl got %q", out)
	}
	waitFor(t, "captured frame", func() bool { info, err := os.Stat(pcap); return err == nil && info.Size() > 24+16 })
}

// start runs a program in the background until the test ends.
func start(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Wait(); err != nil {
			t.Logf("%s ended: %v", name, err) // by the signal that ended it
		}
	})
}

// waitFor polls until a condition holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s after 20 s", what)
		}
	}
}

func TestEbtablesAndEthtool(t *testing.T) {
	threeNamespaces(t)
	command(t, "ip netns exec box ebtables -t broute -A BROUTING -p IPv4 --ip-proto tcp --ip-dport 80 -j redirect --redirect-target DROP")
	if out := command(t, "ip netns exec box ebtables -t broute -L"); !strings.Contains(out, "--ip-dport 80") {
		t.Errorf("ebtables lists %s", out)
	}
	command(t, "ip netns exec client ethtool -K eth0 tso off gso off")
	if out := command(t, "ip netns exec client ethtool -k eth0"); !strings.Contains(out, "tcp-segmentation-offload: off") {
		t.Errorf("ethtool says %s", out)
	}
}
