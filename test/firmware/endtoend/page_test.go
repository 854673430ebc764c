package endtoend

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"limpid/appliance/control"
	"limpid/test/firmware"
	"limpid/test/person"
	"limpid/test/qemu"
)

const (
	address  = "10.77.0.50" // of the box's page
	password = "a wire is a wire"
	// newVersion is what the box is updated to. The one that runs has no version, and is older than all.
	newVersion = "1.1.0"
	notes      = "Quicker <than> before.\nAnd the page is blue & green."
	// pictures is where screenshots are kept, for people to look at.
	pictures = repository + "/out/page"
)

// updated is what a bundle is known by.
type updated struct {
	file, key string // key is its ID
	public    string // the key, as a box is told to trust it
}

// newBundle makes one that holds newVersion.
func newBundle(t *testing.T) updated {
	t.Helper()
	dir := t.TempDir()
	limpid, slot, err := firmware.Image{Root: repository, Tags: "testimage", Version: newVersion, From: os.Getenv(firmware.BuildrootOutput)}.Slot(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	path := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(path("notes"), []byte(notes), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, words := range [][]string{
		{"key", "--no-password", path("mine")},
		{"make", "--key", path("mine.key"), "--version", newVersion, "--notes", path("notes"), "-o", path("new.bundle"), slot},
	} {
		if out, err := exec.CommandContext(t.Context(), limpid, append([]string{"bundle"}, words...)...).CombinedOutput(); err != nil {
			t.Fatalf("limpid bundle %q: %v\n%s", words, err, out)
		}
	}
	text, err := os.ReadFile(path("mine.pub"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(text))
	public := lines[len(lines)-1]
	// Two bytes of the algorithm, eight of the ID, the key (minisign's own description of its files).
	raw, err := base64.StdEncoding.DecodeString(public)
	if err != nil || len(raw) != 42 {
		t.Fatalf("the public key is %q: %v", text, err)
	}
	return updated{path("new.bundle"), fmt.Sprintf("%X", binary.LittleEndian.Uint64(raw[2:])), public}
}

// updateByPage updates the box and goes back again, as its owner does in a browser at a client.
func updateByPage(t *testing.T, b *firmware.Box) {
	before := status(t, b)
	if before.Box.Config != control.ConfigSettings {
		t.Fatalf("the box runs from %s: its settings are read after the first reboot", before.Box.Config)
	}
	bundle := newBundle(t)
	shell(t, b, "echo "+bundle.public+" > /data/config/update.pub")
	// There is no DHCP server here.
	shell(t, b, `sed -i 's|^address = "dhcp"|address = "`+address+`/16"|' /data/config/limpid.toml && grep -q '`+address+`' /data/config/limpid.toml`)
	shell(t, b, "kill -9 "+processID(t, b, "supervise"))

	p := person.At(t, b.Lab.C1, 3*patience)
	p.Opens("https://" + address + "/")
	p.Fills("password", password)
	p.Fills("again", password)
	p.Presses("Set password")
	p.Awaits("document.querySelector('footer a[href=\"/update\"]')")
	p.Does("document.querySelector('footer a[href=\"/update\"]').click()")
	shows(p, "a", before.Version, "has proved healthy")

	send(p, bundle)
	p.Pictures(pictures, "update-ready")
	runs := newVersion
	if os.Getenv(firmware.BuildrootOutput) != "" {
		runs = before.Version // Buildroot has built one limpid, and both slots hold it
	}
	var said string
	must(t, p.Eval(p.Ctx, "document.querySelector('section[aria-label=\"Try it\"]').textContent", &said))
	for _, want := range []string{"Try " + newVersion, notes, "Signed with key " + bundle.key} {
		if !strings.Contains(said, want) {
			t.Errorf("what is to be tried is not said to have %q: %s", want, said)
		}
	}
	waitEnv(t, b, "order=ba left_a=8 left_b=1")

	restartByPage(t, b, p, "b")
	// On trial for as long as nobody has looked: a proxy that is another one each time has not proved healthy.
	shell(t, b, `(until [ -e /run/seen ]; do for p in /proc/[0-9]*; do case "$(tr '\0' ' ' <$p/cmdline)" in "limpid proxy "*) kill -9 ${p#/proc/};; esac; done; sleep 4; done) >/dev/null 2>&1 &`)
	login(p)
	shows(p, "b", runs, "on trial")
	p.Awaits("[...document.querySelectorAll('#update [role=status]')].some(e => e.textContent.startsWith('On trial.')) && !document.getElementById('send')")
	p.Pictures(pictures, "update-on-trial")
	waitEnv(t, b, "order=ba left_a=8 left_b=0")
	p.Does("window.same = true")
	shell(t, b, "touch /run/seen")
	// The page looks by itself.
	p.Awaits("!window.same")
	shows(p, "b", runs, "has proved healthy")
	p.Pictures(pictures, "update-committed")
	waitEnv(t, b, "order=ba left_a=8 left_b=8")
	must(t, p.Eval(p.Ctx, "document.querySelector('section[aria-label=\"Firmware\"]').textContent", &said))
	if !strings.Contains(said, "In slot a") || !strings.Contains(said, "can be gone back to") {
		t.Errorf("of the slot from before the page says: %s", said)
	}

	p.Presses("Go back")
	p.Awaits("[...document.querySelectorAll('button')].some(b => b.textContent == 'Restart now')")
	p.Pictures(pictures, "update-back")
	waitEnv(t, b, "order=ab left_a=1 left_b=8")
	restartByPage(t, b, p, "a")
	login(p)
	p.Awaits("document.getElementById('update')?.dataset.running == 'a' && !('trying' in document.getElementById('update').dataset)")
	shows(p, "a", before.Version, "has proved healthy")
	p.Pictures(pictures, "update-gone-back")
	waitEnv(t, b, "order=ab left_a=8 left_b=8")
	after := status(t, b)
	if after.Version != before.Version || after.Mode != control.Inline || after.Box.Slot != "a" || len(after.Box.Alarms) > 0 {
		t.Errorf("in the end the box is %s, %s, %+v", after.Version, after.Mode, after.Box)
	}
}

// shows waits until the page shows which slot runs, its version, and how it is judged.
func shows(p *person.Person, slot, version, judged string) {
	p.T.Helper()
	p.Awaits(fmt.Sprintf(`(e => e?.dataset.running == %q && e.querySelector('dd').textContent == %q && e.querySelector('small').textContent.includes(%q))(document.getElementById('update'))`,
		slot, version, judged))
}

// send sends a bundle, of which the page says how far it is.
func send(p *person.Person, bundle updated) {
	p.T.Helper()
	p.Chooses("bundle", bundle.file)
	// The page is another one afterwards.
	p.Does(`(say => new MutationObserver(() => sessionStorage.setItem('said', (sessionStorage.getItem('said') ?? '') + say.textContent + '\n')).
		observe(say, {childList: true, characterData: true, subtree: true}))(document.querySelector('[data-sending]'))`)
	p.Presses("Send it")
	p.Awaits("[...document.querySelectorAll('button')].some(b => b.textContent == 'Restart now')")
	var said string
	must(p.T, p.Eval(p.Ctx, "sessionStorage.getItem('said') ?? ''", &said))
	p.T.Logf("while it was sent the page said:\n%s", said)
	if !regexp.MustCompile(`(?m)^(receiving|verifying), \d+\.\d MiB of \d\d+\.\d MiB, \d+\.\d MiB a second$`).MatchString(said) {
		p.T.Errorf("the page did not say how far it was:\n%s", said)
	}
}

// restartByPage presses the button, of which the page says what it does, and waits until the box has booted slot.
func restartByPage(t *testing.T, b *firmware.Box, p *person.Person, slot string) {
	t.Helper()
	mark := b.Mark()
	p.Presses("Restart now")
	p.Awaits("document.querySelector('[data-rebooting]') && document.querySelector('[data-waiting]').textContent.startsWith('Waiting for ')")
	p.Pictures(pictures, "update-restarting-"+slot)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	said, err := b.ExpectSince(ctx, mark, "limpid: slot "+slot+", boots left after this one: ")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said, "msg=end how=reboot") || strings.Contains(said, "step=") {
		t.Errorf("the end is not in order:\n%s", qemu.Tail(said))
	}
	// Before the phase that follows there may be no shell.
	if _, err := b.ExpectSince(ctx, mark, "phase name=bridge"); err != nil {
		t.Fatal(err)
	}
}

// login waits until the page asks for the password again, and is led back to the firmware.
func login(p *person.Person) {
	p.T.Helper()
	p.Awaits("document.querySelector('input[name=password]') && document.querySelector('[role=alert]')?.textContent.includes('Log in to see the firmware')")
	p.Fills("password", password)
	p.Presses("Log in")
	p.Awaits("location.pathname == '/update' && document.getElementById('update')")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
