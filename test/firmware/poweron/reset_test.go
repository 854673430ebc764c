package poweron

import (
	"path/filepath"
	"strings"
	"testing"
)

// used are commands that make a box one that somebody has used.
const used = "cd /data/config; echo x > password; echo x > reader; echo '[]' > tokens; mkdir -p limpid.toml.history ../log; echo '{}' > limpid.toml.history/000001.json; " +
	"echo x > limpid.good.toml; echo x > ../log/box.log; chown 64102 ../log; echo '{}' > ../log/access.jsonl; chown 64102 ../log/access.jsonl; "

// listed shows what is left of it, and the settings.
const listed = "cd /; ls /data/config /data/log | tr '\\n' ' '; grep -E '^(name|ports|address) =' /data/config/limpid.toml | tr '\\n' ' '; echo li''sted\n"

// TestFactoryReset resets a box by its console, bridge and all; then the power goes after
// somebody has asked for another reset, and the next start does it.
func TestFactoryReset(t *testing.T) {
	d := newDisk(t, 120)
	m, ctx := start(t, d.nbd())
	if _, err := m.Expect(ctx, "INLINE since"); err != nil {
		t.Fatal(err)
	}
	keys(ctx, t, m,
		"s", "limpid# ",
		used+"printf '[bridge]\\nname = \"wire\"\\nports = [\"eth1\", \"eth0\"]\\n[management]\\naddress = \"192.0.2.10/24\"\\n' > limpid.toml; "+
			"sha256sum < certificate.pem > /tmp/certificate; kill -HUP 1; until [ -e /sys/class/net/wire ]; do sleep 1; done; [ -e /sys/class/net/br0 ] || echo re''named\n", "renamed",
		"cd /; exit\n", "192.0.2.10/24 on wire",
	)
	keys(ctx, t, m,
		"f", "Forget all settings, passwords, history and logs? The wire goes on. Press y",
		"y", "none yet",
		"s", "limpid# ",
		"until [ -e /sys/class/net/br0 ] && /init status | grep ^inline; do sleep 1; done; echo ag''ain\n", "again",
	)
	mark := m.Mark()
	keys(ctx, t, m, listed, "listed")
	said, err := m.ExpectSince(ctx, mark, "listed")
	if err != nil {
		t.Fatal(err)
	}
	fresh := func(said string) {
		t.Helper()
		for _, want := range []string{"certificate.pem", "limpid.toml", "seed", `name = "br0"`, `address = "dhcp"`, `ports = ["eth1", "eth0"]`} {
			if !strings.Contains(said, want) {
				t.Errorf("%q is not in %s", want, said)
			}
		}
		for _, gone := range []string{"password", "reader", "tokens", "limpid.toml.", "box.log", "access.jsonl", "192.0.2.10"} {
			if strings.Contains(said, gone) {
				t.Errorf("%q is left: %s", gone, said)
			}
		}
	}
	fresh(said)
	keys(ctx, t, m,
		"sha256sum < /data/config/certificate.pem | cmp -s - /tmp/certificate || echo an''other\n", "another",
		used+"printf '{\"ports\": [\"eth1\", \"eth0\"], \"credentials\": \"/data/config\", \"logs\": [\"/data/log\"]}' > limpid.toml.reset; sync; echo as''ked\n", "asked",
	)
	m.Kill()
	m, ctx = start(t, d.nbd())
	if said, err := m.Expect(ctx, "INLINE since"); err != nil || !strings.Contains(said, "factory reset is done") {
		t.Fatalf("second start: %v\n%s", err, said)
	}
	keys(ctx, t, m, "o", "Switch the box off? The wire is cut. Press y", "y", "how=\"power off\"")
	<-m.Off()
	data := filepath.Join(t.TempDir(), "data")
	d.take(t, data)
	fresh(run(t, "", "debugfs", "-R", "ls -p /config", data) + run(t, "", "debugfs", "-R", "cat /config/limpid.toml", data))
}
