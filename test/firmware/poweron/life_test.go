package poweron

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// keys presses keys one after the other, as a person would: the next when the screen
// has shown what the last one did.
func keys(ctx context.Context, t *testing.T, m *Machine, steps ...string) {
	t.Helper()
	for i := 0; i < len(steps); i += 2 {
		mark := m.Mark()
		if err := m.Type(steps[i]); err != nil {
			t.Fatal(err)
		}
		if _, err := m.ExpectSince(ctx, mark, steps[i+1]); err != nil {
			t.Fatalf("after key %q: %v", steps[i], err)
		}
	}
}

// One box's life: bypass and back by key, a clock that is set, a supervisor that is killed while the wire
// goes on, a password that was never set, power-off in order; then the same disk again.
func TestLife(t *testing.T) {
	d := newDisk(t, 120)
	m, ctx := start(t, d.nbd())
	if _, err := m.Expect(ctx, "INLINE since"); err != nil {
		t.Fatal(err)
	}
	keys(ctx, t, m,
		"b", "BYPASS since",
		"b", "INLINE since",
		"p", "Forget the password of the page? Press y",
		"y", "No password is set.",
		"s", "limpid# ",
		// The marks are put together by the shell, so that its echo of the line does not hold them.
		"[ $(readlink /proc/1/exe) = $(readlink -f /init) ] && echo mark''ed $(cat /proc/sys/kernel/hostname)\n", "marked limpid",
		// Its kernel has the programs that remember flows.
		"/init rules | grep '^program from_client ' && echo rem''embered\n", "remembered",
		// The page is served: its plain port leads to the other one. By wget, which every busybox here has.
		"until wget -S -O /dev/null --header 'Host: limpid' http://127.0.0.1/ 2>&1 | grep -q 'https://limpid/'; do sleep 1; done; echo ser''ved\n", "served",
		"ls /data/config | tr '\\n' ' '; echo li''sted\n", "certificate.pem limpid.toml seed",
		// A person sets the clock; process 1 tells so, and keeps it. Nothing starts anew, and none is believed from before the firmware.
		"date -u +%s > /then; /init clock \"$(date -u -d @$(($(date +%s) + 18000)) '+%F %T')\" && [ $(($(date -u +%s) - $(cat /then))) -ge 18000 ] && echo clock''set\n", "clockset",
		"until grep -q '\"clock\":\"person\"' /run/limpid/box.json; do sleep 1; done; echo to''ld\n", "told",
		"until [ $(cat /data/config/clock) -ge $(($(cat /then) + 18000)) ]; do sleep 1; done; echo ke''pt\n", "kept",
		"/init clock 1999-12-31T00:00:00Z || echo ref''used\n", "refused",
		"for p in /proc/[0-9]*; do if grep -q supervise $p/cmdline; then kill -9 ${p#/proc/}; echo kil''led; fi; done 2>/dev/null\n", "killed",
	)
	// Nobody but process 1 is left to know of the bridge, and it forwards.
	arrived := make(chan struct{})
	crossing(ctx, m, arrived)
	select {
	case <-arrived:
	case <-ctx.Done():
		t.Error("no frame crosses after the supervisor was killed")
	}
	keys(ctx, t, m,
		"until /init status | grep ^inline; do sleep 1; done; echo ag''ain\n", "again",
		"exit\n", "shell",
	)
	time.Sleep(2 * time.Second) // for the screen to be drawn
	keys(ctx, t, m, "o", "Switch the box off? The wire is cut. Press y", "y", "how=\"power off\"")
	select {
	case <-m.Off():
	case <-ctx.Done():
		t.Fatal("the machine is still on")
	}
	said := m.Console()
	for _, want := range []string{"msg=ending how=\"power off\"", "msg=end how=\"power off\""} {
		if !strings.Contains(said, want) {
			t.Errorf("the console does not say %q", want)
		}
	}
	if strings.Contains(said, "step=") {
		t.Errorf("a step of the ending failed")
	}

	data := filepath.Join(t.TempDir(), "data")
	d.take(t, data)
	if out := run(t, "", "e2fsck", "-n", data); !strings.Contains(out, "clean") {
		t.Errorf("the data partition was left unclean: %s", out)
	}
	if out := run(t, "", "debugfs", "-R", "cat /config/limpid.toml", data); !strings.Contains(out, "# limpid's settings as they were at the first start") || !strings.Contains(out, `ports = ["eth0", "eth1"]`) {
		t.Errorf("settings on disk: %s", out)
	}
	if out := run(t, "", "debugfs", "-R", "cat /log/box.log", data); !strings.Contains(out, "msg=ending") || !strings.Contains(out, "name=mounts") || !strings.Contains(out, "process=supervise how=\"signal: killed\"") {
		t.Errorf("log on disk: %s", out)
	}

	// The power button this time.
	m, ctx = start(t, d.nbd())
	if said, err := m.Expect(ctx, "INLINE since"); err != nil || !strings.Contains(said, "new=false") || !strings.Contains(said, "from=settings") {
		t.Fatalf("second start: %v\n%s", err, said)
	}
	if err := m.PressPower(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Expect(ctx, "the power button was pressed"); err != nil {
		t.Error(err)
	}
	select {
	case <-m.Off():
	case <-ctx.Done():
		t.Fatal("the machine is still on")
	}
}

// Settings on the EFI system partition are taken over, once.
func TestSettingsAreTakenOver(t *testing.T) {
	d := newDisk(t, 120)
	settings := filepath.Join(t.TempDir(), "limpid.toml")
	if err := os.WriteFile(settings, []byte("[bridge]\nports = [\"eth1\", \"eth0\"]\n[management]\naddress = \"192.0.2.10/24\"\ndns = [\"192.0.2.53\"]\nntp = [\"time.example\"]\n[console]\nshell = false\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.putOnESP(t, settings)
	m, ctx := start(t, d.nbd())
	told := serveNamesAndTime(t, m.WAN)
	if _, err := m.Expect(ctx, "192.0.2.10/24 on br0"); err != nil {
		t.Fatal(err)
	}
	said, err := m.Expect(ctx, "clients      eth1 up")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said, `msg="settings taken over" from=limpid-esp`) {
		t.Errorf("the settings are not those that were brought:\n%s", said)
	}
	if strings.Contains(said, "s shell") {
		t.Error("the shell is not locked")
	}
	select {
	case <-told:
	case <-ctx.Done():
		t.Fatal("the box has not asked for the time")
	}
	// The first address of all again, from the console: the settings are changed, and those brought are not taken over anew.
	keys(ctx, t, m, "n", "Ask for the box's own address by DHCP again? Press y", "y", "none yet")
	keys(ctx, t, m, "r", "Restart the box? The wire is cut for as long as that takes. Press y", "y", "msg=end how=reboot")
	<-m.Off()
	data := filepath.Join(t.TempDir(), "data")
	d.take(t, data)
	if out := run(t, "", "debugfs", "-R", "cat /config/limpid.toml", data); !strings.Contains(out, `address = "dhcp"`) || !strings.Contains(out, "shell = false") || !strings.Contains(out, `ports = ["eth1", "eth0"]`) {
		t.Errorf("settings on disk: %s", out)
	}
	if out := run(t, "", "debugfs", "-R", "cat /log/box.log", data); !strings.Contains(out, `msg="time set from the network" by=`) {
		t.Errorf("log of the run: %s", out)
	}
	clock := strings.TrimSpace(run(t, "", "debugfs", "-R", "cat /config/clock", data))
	if saved, err := strconv.ParseInt(clock[strings.LastIndexByte(clock, '\n')+1:], 10, 64); err != nil || time.Until(time.Unix(saved, 0)) < timeAhead/2 {
		t.Errorf("time on disk: %s, %v", clock, err)
	}
	m, ctx = start(t, d.nbd())
	if said, err := m.Expect(ctx, "INLINE since"); err != nil || strings.Contains(said, "taken over") || strings.Contains(said, "192.0.2.10") {
		t.Errorf("second start: %v\n%s", err, said)
	}
}

// Settings that name ports which are not there take nothing from the wire: the box says so,
// and captures between the two that it has. What is there later counts.
func TestSettingsOfOtherPorts(t *testing.T) {
	d := newDisk(t, 120)
	settings := filepath.Join(t.TempDir(), "limpid.toml")
	if err := os.WriteFile(settings, []byte("[bridge]\nports = [\"eth5\", \"eth6\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.putOnESP(t, settings)
	m, ctx := start(t, d.nbd())
	arrived := make(chan struct{})
	crossing(ctx, m, arrived)
	for _, want := range []string{"INLINE since", "clients      eth0 up", "! config: ports eth5 and eth6 are not there"} {
		if _, err := m.Expect(ctx, want); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-arrived:
	case <-ctx.Done():
		t.Error("no frame has crossed")
	}
	said := m.Console()
	for _, want := range []string{`msg="settings taken over" from=limpid-esp`, "msg=configuration from=defaults"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in:\n%s", want, said)
		}
	}
	if strings.Contains(said, "process=supervise") {
		t.Errorf("the supervisor did not live at once:\n%s", said)
	}
	keys(ctx, t, m,
		"s", "limpid# ",
		// Neither the settings are written over, nor do the defaults become the last good ones.
		"grep -q eth5 /data/config/limpid.toml && [ $(ls /sys/class/net/br0/brif | wc -l) = 2 ] && echo ke''pt\n", "kept",
		"cat /sys/class/net/br0/ifindex > /tmp/made; printf '[bridge]\\nports = [\"eth1\", \"eth0\"]\\n' > /data/config/limpid.toml; kill -HUP 1; echo as''ked\n", "asked",
		"until grep -q '\"config\":\"settings\"' /run/limpid/box.json && /init status | grep ^inline; do sleep 1; done; cmp /tmp/made /sys/class/net/br0/ifindex && echo sa''me\n", "same",
	)
}
