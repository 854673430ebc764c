package falls

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"limpid/appliance/slots"
	"limpid/test/firmware"
)

// patience is for all that a test does with its machines: they are emulated, and the host may be slow and busy.
const patience = 18 * time.Minute

// box is a machine with limpid's disk and a stick.
type box struct {
	t    *testing.T
	ctx  context.Context
	m    *firmware.Machine
	disk *firmware.Disk
	at   int // how much of the console was looked at
	runs int // of the shell's commands
}

// start switches a box on; more are QEMU's arguments for what else it has.
func start(ctx context.Context, t *testing.T, w world, d *firmware.Disk, more ...string) *box {
	t.Helper()
	args := []string{
		"-netdev", "user,id=lan,restrict=on", "-device", "virtio-net-pci,netdev=lan",
		"-netdev", "user,id=wan,restrict=on", "-device", "virtio-net-pci,netdev=wan",
		"-drive", "if=none,id=stick,format=raw,read-only=on,file=fat:" + w.stick, "-device", "virtio-blk-pci,drive=stick",
	}
	m, err := firmware.Start(ctx, firmware.Hardware{Disk: d.File, Watchdog: true, Args: append(args, more...)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Kill)
	return &box{t: t, ctx: ctx, m: m, disk: d}
}

// limited gives a test's limit.
func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// expect waits for text that was not looked at before, and gives what was said up to its end.
func (b *box) expect(pattern string) []string {
	b.t.Helper()
	want := regexp.MustCompile(pattern)
	for {
		seen := b.m.Console()
		if found := want.FindStringSubmatchIndex(seen[b.at:]); found != nil {
			words := want.FindStringSubmatch(seen[b.at:])
			words = append(words, seen[b.at:b.at+found[0]])
			b.at += found[1]
			return words
		}
		select {
		case <-b.ctx.Done():
			lines := strings.Split(seen[b.at:], "\n")
			b.t.Fatalf("wait for %q on the console: %v; it said:\n%s", pattern, b.ctx.Err(), strings.Join(lines[max(0, len(lines)-60):], "\n"))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (b *box) typed(text string) {
	b.t.Helper()
	if err := b.m.Type(text); err != nil {
		b.t.Fatal(err)
	}
}

// shell opens the rescue shell.
func (b *box) shell() {
	b.t.Helper()
	b.typed("s")
	b.expect("limpid# ")
}

// run runs a command in the shell, and gives what it said and its status.
func (b *box) run(line string) (said string, status int) {
	b.t.Helper()
	b.runs++
	// The shell puts the mark together, so that its echo of the line does not hold it.
	b.typed(fmt.Sprintf("%s; echo do''ne-%d-$?-\n", line, b.runs))
	words := b.expect(fmt.Sprintf(`done-%d-(\d+)-`, b.runs))
	status, err := strconv.Atoi(words[1])
	if err != nil {
		b.t.Fatal(err)
	}
	return words[2], status
}

// must runs a command that has to succeed.
func (b *box) must(line string) string {
	b.t.Helper()
	said, status := b.run(line)
	if status != 0 {
		b.t.Fatalf("%s: status %d:\n%s", line, status, said)
	}
	return said
}

// booted waits until GRUB has started a slot and that is inline.
func (b *box) booted(s slots.Slot, version string) {
	b.t.Helper()
	b.expect("limpid: slot " + s.String() + ", boots left after this one")
	b.expect("limpid " + regexp.QuoteMeta(version) + ", slot " + s.String())
	b.expect("INLINE since")
}

// committed waits until the firmware has proved healthy.
func (b *box) committed() {
	b.t.Helper()
	b.must("until /init update status | grep -q 'has proved healthy'; do sleep 1; done")
}
