package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"limpid/appliance/control"
	"limpid/appliance/slots"
	"limpid/appliance/update"
	"limpid/appliance/update/bundle"
)

// firmware is a box in a folder: files stand for its partitions, grub-editenv
// has made its boot environment, and it answers on a real socket.
type firmware struct {
	dir     string
	run     string
	env     slots.File
	reboots int
}

const slotSize = 4 << 20

func newFirmware(t *testing.T) *firmware {
	t.Helper()
	f := &firmware{dir: t.TempDir()}
	f.env = slots.File(f.path("bootenv"))
	f.tool(t, "grub-editenv", "bootenv", "create")
	f.tool(t, "grub-editenv", "bootenv", "set", "order=ab", "left_a=8", "left_b=8")
	for _, slot := range []slots.Slot{slots.A, slots.B} {
		f.write(t, slot.Partition(), append(f.image(t, "1.0.0"), make([]byte, slotSize)...)[:slotSize])
	}
	updater := update.New(update.Options{
		Box: update.Box{Version: "v1.0.0", Board: "x86_64"}, Running: slots.A, Boot: f.env,
		Open: func() (update.Target, error) { return update.OpenPartition(f.path("limpid-b")) },
		Keys: func() (bundle.Keys, error) { return update.TrustedKeys(f.path("limpid.pub")) },
		OtherVersion: func() string {
			release, err := releaseOf(f.path("limpid-b"))
			if err != nil {
				t.Error(err)
			}
			return release.Version
		},
		Reboot: func(context.Context) error { f.reboots++; return nil },
		Log:    slog.New(slog.DiscardHandler),
	})
	t.Cleanup(func() {
		if err := updater.Close(); err != nil {
			t.Error(err)
		}
	})
	f.run = answerOn(t, &backend{Updater: updater})
	return f
}

func (f *firmware) path(name string) string { return filepath.Join(f.dir, name) }

func (f *firmware) write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(f.path(name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (f *firmware) read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(f.path(name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// tool runs a program in the box's folder.
func (f *firmware) tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir = f.dir
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	return string(out)
}

// image packs a slot as cpio does.
func (f *firmware) image(t *testing.T, version string) []byte {
	t.Helper()
	return f.imageFor(t, "x86_64", version)
}

// imageFor packs one for another kind of box.
func (f *firmware) imageFor(t *testing.T, board, version string) []byte {
	t.Helper()
	f.write(t, "release", []byte("IMAGE_ID=limpid-"+board+"\nIMAGE_VERSION=\""+version+"\"\n"))
	f.write(t, "rootfs", bytes.Repeat([]byte(version+" "), 300_000))
	command := exec.CommandContext(t.Context(), "cpio", "--quiet", "-o", "-H", "newc")
	command.Dir, command.Stdin = f.dir, strings.NewReader("release\nrootfs\n")
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// must runs limpid in this process, and wants it to succeed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := limpid(args...)
	if code != exitDone || stderr != "" {
		t.Fatalf("limpid %v: code %d, %s%s", args, code, stdout, stderr)
	}
	return stdout
}

// refused runs limpid and wants it to fail with one line.
func refused(t *testing.T, want string, args ...string) {
	t.Helper()
	code, _, stderr := limpid(args...)
	if code != exitFailed || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
		t.Errorf("limpid %v: code %d, %q, want %q", args, code, stderr, want)
	}
}

func TestUpdateFromTheCommandLine(t *testing.T) {
	f := newFirmware(t)
	must(t, "bundle", "key", "--no-password", f.path("limpid"))
	image := f.image(t, "1.1.0")
	f.write(t, "slot.img", image)
	f.write(t, "notes", []byte("\nFaster.\n"))
	if out, want := must(t, "bundle", "make", "--key", f.path("limpid.key"), "--notes", f.path("notes"), "-o", f.path("new.bundle"), f.path("slot.img")), "version 1.1.0 for x86_64, signed with key "; !strings.Contains(out, want) {
		t.Errorf("make prints %q", out)
	}
	if out := must(t, "bundle", "verify", "--key", f.path("limpid.pub"), f.path("new.bundle")); !strings.Contains(out, "version 1.1.0 for x86_64, signature and sums are right") || !strings.Contains(out, "\nFaster.\n") {
		t.Errorf("verify prints %q", out)
	}
	if out := must(t, "update", "status", "--run", f.run); out != "version v1.0.0 for x86_64 in slot a, has proved healthy\n  slot b    1.0.0: limpid update back returns to it\n" {
		t.Errorf("status prints %q", out)
	}
	refused(t, "there is nothing to try", "update", "reboot", "--run", f.run)
	before := f.read(t, "limpid-a")
	out := must(t, "update", f.path("new.bundle"), "--run", f.run)
	if !strings.Contains(out, "ready       100.0 %") || !strings.Contains(out, "MiB/s\n") || !strings.Contains(out, "slot b    1.1.0: the next boot tries it") {
		t.Errorf("update prints %q", out)
	}
	if !bytes.HasPrefix(f.read(t, "limpid-b"), image) || len(f.read(t, "limpid-b")) != slotSize || !bytes.Equal(f.read(t, "limpid-a"), before) {
		t.Error("the slots do not hold what they should")
	}
	if out := f.tool(t, "grub-editenv", "bootenv", "list"); out != "order=ba\nleft_a=8\nleft_b=1\n" {
		t.Errorf("GRUB reads %q", out)
	}
	tomorrow := time.Now().Add(24 * time.Hour).Format("2006-01-02 15:04")
	if out := must(t, "update", "reboot", "--at", tomorrow, "--run", f.run); !strings.HasSuffix(out, "reboot    planned for "+tomorrow+":00\n") || f.reboots != 0 {
		t.Errorf("reboot --at prints %q, %d reboots", out, f.reboots)
	}
	if out := must(t, "update", "reboot", "--off", "--run", f.run); strings.Contains(out, "planned") || f.reboots != 0 {
		t.Errorf("reboot --off prints %q, %d reboots", out, f.reboots)
	}
	if out := must(t, "update", "reboot", "--run", f.run); !strings.HasSuffix(out, "rebooting\n") || f.reboots != 1 {
		t.Errorf("reboot prints %q, %d reboots", out, f.reboots)
	}
	var u control.Update
	if err := json.Unmarshal([]byte(must(t, "update", "status", "--json", "--run", f.run)), &u); err != nil || u.Phase != control.UpdateReady || u.Bundle.Notes != "Faster." {
		t.Errorf("%+v, %v", u, err)
	}
	if head, _, _ := strings.Cut(string(f.read(t, "limpid.pub")), "\n"); u.Bundle.SignedBy == "" || !strings.Contains(head, u.Bundle.SignedBy) {
		t.Errorf("signed by %q; the key is %q", u.Bundle.SignedBy, head)
	}
}

func TestBackFromTheCommandLine(t *testing.T) {
	f := newFirmware(t)
	if out := must(t, "update", "back", "--reboot", "--run", f.run); !strings.Contains(out, "slot b    1.0.0: the next boot tries it") || !strings.HasSuffix(out, "rebooting\n") || f.reboots != 1 {
		t.Errorf("back prints %q, %d reboots", out, f.reboots)
	}
	refused(t, "it is tried at the next boot already", "update", "back", "--run", f.run)
	if _, err := f.env.Commit(slots.A); err != nil {
		t.Fatal(err)
	}
	f.tool(t, "grub-editenv", "bootenv", "set", "left_b=0")
	refused(t, "holds no firmware that ever proved healthy", "update", "back", "--run", f.run)
	if out := must(t, "update", "status", "--run", f.run); !strings.Contains(out, "nothing to go back to") {
		t.Errorf("status prints %q", out)
	}
}

// Bundles that are wrong are refused in one line, and no file has changed.
func TestUpdateRefusesFromTheCommandLine(t *testing.T) {
	f := newFirmware(t)
	must(t, "bundle", "key", "--no-password", f.path("limpid"))
	must(t, "bundle", "key", "--no-password", f.path("other"))
	f.write(t, "slot.img", f.image(t, "1.1.0"))
	f.write(t, "riscv.img", f.imageFor(t, "riscv", "1.1.0"))
	f.write(t, "0.9.0.img", f.image(t, "0.9.0"))
	packed := func(name, image string, flags ...string) string {
		must(t, append([]string{"bundle", "make", "--key", f.path("limpid.key"), "-o", f.path(name), f.path(image)}, flags...)...)
		return f.path(name)
	}
	made := func(name string, flags ...string) string { return packed(name, "slot.img", flags...) }
	good := f.read(t, filepath.Base(made("good")))
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 0x10
	f.write(t, "flipped", flipped)
	f.write(t, "truncated", good[:len(good)/2])
	f.write(t, "longer", append(bytes.Clone(good), good...))
	f.write(t, "text", []byte(strings.Repeat("no bundle ", 100)))
	env, a, b := f.read(t, "bootenv"), f.read(t, "limpid-a"), f.read(t, "limpid-b")
	for path, want := range map[string]string{
		f.path("flipped"):                            "slot.img is damaged",
		f.path("truncated"):                          "it is truncated",
		f.path("longer"):                             "hidden behind its end",
		f.path("text"):                               "it is no limpid bundle",
		f.path("absent"):                             "no such file",
		packed("other board", "riscv.img"):           "for board riscv, this box is x86_64",
		packed("older", "0.9.0.img"):                 "version 0.9.0, older than v1.0.0",
		made("later", "--minimum", "1.0.1"):          "only follow version 1.0.1 or later",
		made("forged", "--key", f.path("other.key")): "which is not trusted here",
	} {
		refused(t, want, "update", path, "--run", f.run)
		if !bytes.Equal(f.read(t, "bootenv"), env) || !bytes.Equal(f.read(t, "limpid-a"), a) || !bytes.Equal(f.read(t, "limpid-b"), b) {
			t.Fatalf("%s was refused, and something was written", path)
		}
	}
	if out := must(t, "update", f.path("older"), "--downgrade", "--run", f.run); !strings.Contains(out, "slot b    0.9.0: the next boot tries it") {
		t.Errorf("downgrade prints %q", out)
	}
}

func TestUpdateWithoutSlots(t *testing.T) {
	dir := answerOn(t, &backend{Updater: noSlots{}})
	if out := must(t, "update", "status", "--run", dir); out != "version 1.0.0 for x86_64, not in a firmware slot: nothing to update here\n" {
		t.Errorf("status prints %q", out)
	}
}

// noSlots answers as a supervisor does that was not booted from a slot.
type noSlots struct{ control.Updater }

func (noSlots) Update(context.Context) (control.Update, error) {
	return control.Update{Version: "1.0.0", Board: "x86_64", Phase: control.UpdateIdle}, nil
}

// breaking drops the connection under the first upload, after some bytes.
type breaking struct {
	control.Updater
	after   int64
	uploads []control.Upload
}

func (b *breaking) Upload(ctx context.Context, upload control.Upload, body io.Reader) error {
	b.uploads = append(b.uploads, upload)
	if len(b.uploads) == 1 {
		body = io.LimitReader(body, b.after)
	}
	return b.Updater.Upload(ctx, upload, body)
}

func TestUpdateGoesOnAfterABreak(t *testing.T) {
	f := newFirmware(t)
	must(t, "bundle", "key", "--no-password", f.path("limpid"))
	f.write(t, "slot.img", f.image(t, "1.1.0"))
	must(t, "bundle", "make", "--key", f.path("limpid.key"), "-o", f.path("new.bundle"), f.path("slot.img"))
	updater := update.New(update.Options{
		Box: update.Box{Version: "1.0.0", Board: "x86_64"}, Running: slots.A, Boot: f.env,
		Open:   func() (update.Target, error) { return update.OpenPartition(f.path("limpid-b")) },
		Keys:   func() (bundle.Keys, error) { return update.TrustedKeys(f.path("limpid.pub")) },
		Reboot: func(context.Context) error { return nil },
		Log:    slog.New(slog.DiscardHandler),
	})
	defer updater.Close()
	b := &breaking{Updater: updater, after: 1<<20 + 7}
	dir := answerOn(t, &backend{Updater: b})
	code, stdout, stderr := limpid("update", f.path("new.bundle"), "--run", dir)
	if code != exitDone || !strings.Contains(stderr, "it broke off after 1048583 of") || !strings.Contains(stdout, "going on at byte 1048583 of") {
		t.Errorf("code %d, %q, %q", code, stdout, stderr)
	}
	if len(b.uploads) != 2 || b.uploads[1].Offset != b.after || !bytes.HasPrefix(f.read(t, "limpid-b"), f.read(t, "slot.img")) {
		t.Errorf("uploads %+v", b.uploads)
	}
}

// A manifest of limpid's, signed with minisign on another machine and packed
// with tar, is a bundle. The key has a password, and limpid takes it too.
func TestBundleSignedElsewhere(t *testing.T) {
	f := newFirmware(t)
	for _, name := range []string{"cheap.key", "cheap.pub"} {
		data, err := os.ReadFile(filepath.Join("update/bundle/testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		f.write(t, strings.Replace(name, "cheap", "limpid", 1), data)
	}
	f.write(t, "slot.img", f.image(t, "1.1.0"))
	f.write(t, "manifest.json", []byte(must(t, "bundle", "manifest", "--minimum", "0.5.0", f.path("slot.img"))))
	sign := exec.CommandContext(t.Context(), "minisign", "-S", "-s", "limpid.key", "-m", "manifest.json")
	sign.Dir, sign.Stdin = f.dir, strings.NewReader("a secret\n")
	if out, err := sign.CombinedOutput(); err != nil {
		t.Fatalf("minisign: %v: %s", err, out)
	}
	f.tool(t, "tar", "--format=ustar", "-cf", "new.bundle", "manifest.json", "manifest.json.minisig", "slot.img")
	if out := must(t, "bundle", "verify", "--key", f.path("limpid.pub"), f.path("new.bundle")); !strings.Contains(out, "signature and sums are right") || !strings.Contains(out, "minimum   0.5.0") {
		t.Errorf("verify prints %q", out)
	}
	must(t, "update", f.path("new.bundle"), "--run", f.run)
	// And limpid signs with it.
	t.Chdir(f.dir)
	t.Setenv(passwordVariable, "a secret")
	must(t, "bundle", "make", "--key", "limpid.key", "slot.img")
	if out := must(t, "bundle", "verify", "--key", "limpid.pub", "limpid-1.1.0-x86_64.bundle"); !strings.Contains(out, "signature and sums are right") {
		t.Errorf("verify prints %q", out)
	}
	t.Setenv(passwordVariable, "another")
	refused(t, "wrong password", "bundle", "make", "--key", "limpid.key", "slot.img")
	refused(t, "file exists", "bundle", "key", "--no-password", "limpid")
}

// A bundle is what its image says, where that says anything.
func TestBundleAgreesWithItsImage(t *testing.T) {
	f := newFirmware(t)
	t.Chdir(f.dir)
	must(t, "bundle", "key", "--no-password", "limpid")
	f.write(t, "slot.img", f.image(t, "1.1.0"))
	f.write(t, "untagged.img", f.image(t, "gabcdef0"))
	f.write(t, "silent.img", bytes.Repeat([]byte("no firmware "), 1000))
	refused(t, "describe image: it is version 1.1.0, not 2.0.0", "bundle", "make", "--key", "limpid.key", "--version", "2.0.0", "slot.img")
	refused(t, "describe image: it is version 1.1.0, not 2.0.0", "bundle", "manifest", "--version", "2.0.0", "slot.img")
	refused(t, "describe image: it is for board x86_64, not riscv", "bundle", "manifest", "--board", "riscv", "slot.img")
	for version, image := range map[string]string{"1.1.0": "slot.img", "v1.1.0": "slot.img", "2.0.0": "untagged.img", "3.0.0": "silent.img"} {
		if out := must(t, "bundle", "manifest", "--version", version, "--board", "x86_64", image); !strings.Contains(out, `"version": "`+version+`"`) {
			t.Errorf("the manifest of %s is %s", image, out)
		}
	}
}

// On a terminal the same line is written again and again, and gone at the end.
func TestProgressOnATerminal(t *testing.T) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	line := newProgressLine(slave)
	u := control.Update{Phase: control.UpdateReceiving, Progress: control.Progress{Done: 5 << 20, Total: 20 << 20, Percent: 25, Rate: 3 << 20}}
	line.show(u)
	line.show(u)
	line.end()
	want := strings.Repeat("\r"+fmt.Sprintf("%-78s", "receiving    25.0 %     5.00 of 20.00 MiB    3.00 MiB/s"), 2) + "\r" + strings.Repeat(" ", 78) + "\r"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(master, got); err != nil || string(got) != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

// Nothing of limpid's is needed to send a bundle.
func TestUpdateWithCurl(t *testing.T) {
	f := newFirmware(t)
	must(t, "bundle", "key", "--no-password", f.path("limpid"))
	f.write(t, "slot.img", f.image(t, "1.1.0"))
	must(t, "bundle", "make", "--key", f.path("limpid.key"), "-o", f.path("new.bundle"), f.path("slot.img"))
	curl := func(args ...string) (u control.Update, problem string) {
		var answer struct {
			control.Update
			Error string `json:"error"`
		}
		out := f.tool(t, "curl", append([]string{"--silent", "--show-error", "--unix-socket", filepath.Join(f.run, control.SocketName)}, args...)...)
		if err := json.Unmarshal([]byte(out), &answer); err != nil {
			t.Fatalf("curl %v: %v: %s", args, err, out)
		}
		return answer.Update, answer.Error
	}
	if u, problem := curl("-T", "new.bundle", "http://limpid/v1/update/bundle"); problem != "" || u.Phase != control.UpdateReady || u.Progress.Percent != 100 {
		t.Errorf("%+v, %s", u, problem)
	}
	if _, problem := curl("-T", "slot.img", "http://limpid/v1/update/bundle"); !strings.Contains(problem, "it is no limpid bundle") {
		t.Errorf("%q", problem)
	}
	if u, _ := curl("http://limpid/v1/update"); u.Phase != control.UpdateReady || !strings.Contains(u.Problem, "it is no limpid bundle") {
		t.Errorf("%+v", u)
	}
}

func TestUsageOfUpdate(t *testing.T) {
	for _, args := range [][]string{
		{"update"}, {"update", "status", "x"}, {"update", "back", "--json"}, {"update", "status", "--downgrade"}, {"update", "reboot", "--reboot"},
		{"update", "back", "--at", "03:00"}, {"update", "status", "--off"}, {"update", "reboot", "--at", "03:00", "--off"}, {"update", "reboot", "--at", "soon"},
		{"bundle"}, {"bundle", "pack"}, {"bundle", "make"}, {"bundle", "make", "x"}, {"bundle", "verify"}, {"bundle", "key", "a", "b"},
	} {
		if code, _, stderr := limpid(args...); code != exitUsage || strings.Count(stderr, "\n") != 1 {
			t.Errorf("limpid %v: code %d, %q", args, code, stderr)
		}
	}
}

func TestTimeToCome(t *testing.T) {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.FixedZone("there", 2*3600))
	for text, want := range map[string]string{
		"12:01": "2026-01-31T12:01:00+02:00", "12:00": "2026-02-01T12:00:00+02:00", "03:00": "2026-02-01T03:00:00+02:00",
		"2026-02-02 03:00": "2026-02-02T03:00:00+02:00", "2026-02-02T03:00:00Z": "2026-02-02T03:00:00Z",
	} {
		if at, err := timeToCome(text, now); err != nil || at.Format(time.RFC3339) != want {
			t.Errorf("%q: %v, %v, want %s", text, at, err, want)
		}
	}
	for _, text := range []string{"", "soon", "25:00", "2026-02-30 03:00"} {
		if at, err := timeToCome(text, now); err == nil {
			t.Errorf("%q: %v", text, at)
		}
	}
}
