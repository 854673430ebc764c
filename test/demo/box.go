package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"limpid/appliance/control"
	"limpid/test/firmware"
)

// boxDisk is the size of the box's disk, in bytes; the image is 322 MiB of that.
const boxDisk = 512 << 20

// boxed is limpid as the firmware of a virtual machine. What the story asks of it is asked where its owner would: on the
// serial console.
type boxed struct {
	*firmware.Box
	shell *firmware.Rescue // open while the story is told
	begun time.Time
}

// startBox makes the image, boots it in the place of the lab's box, and waits until it is inline.
func (d *demo) startBox(ctx context.Context) error {
	d.screen.say("Making the disk image, as make image does. Debian's kernel and programs are downloaded the first time; later it is made anew only when something in it has changed.")
	image, err := firmware.Image{Root: ".", Version: version(), Log: d.screen.indented()}.Make(ctx)
	if err != nil {
		return err
	}
	disk, err := firmware.CopyDisk(ctx, image, filepath.Join(d.lab.Dir(), "disk.img"), boxDisk)
	if err != nil {
		return err
	}
	d.screen.blank()
	d.screen.say("The box gets an address of its own by a file on its disk, as from a stick:")
	d.screen.output(boxSettings)
	if err := putSettings(ctx, disk.File, d.lab.Dir()); err != nil {
		return err
	}
	d.screen.blank()
	d.screen.say("Switching on a machine with a copy of it: UEFI firmware, two network cards, every instruction emulated. Its serial console:")
	d.telltale = &telltale{screen: d.screen}
	d.box = &boxed{Box: &firmware.Box{
		Lab: d.lab, Disk: disk,
		Hardware: firmware.Hardware{CPUs: 2, Watchdog: true, Screen: d.telltale},
	}, begun: time.Now()}
	if err := d.box.On(ctx); err != nil {
		d.box = nil
		return err
	}
	d.limpid = d.box
	waiting, cancel := context.WithTimeout(ctx, bootPatience)
	defer cancel()
	if _, err := d.box.Expect(waiting, "INLINE since"); err != nil {
		return err
	}
	d.screen.holds("inline %d s after it was switched on", int(time.Since(d.box.begun).Seconds()))
	d.telltale.turn(silent)
	if err := d.showPage(ctx); err != nil {
		return err
	}
	d.screen.holds("the box's own page answers at its own address")
	if err := d.showScreen(ctx); err != nil {
		return err
	}
	return d.openShell(ctx)
}

// version is that of the checkout, as make tells.
func version() string {
	if v := os.Getenv("VERSION"); v != "" {
		return v
	}
	return "unknown"
}

// bootPatience is for a boot on a machine that is busy with something else.
const bootPatience = 5 * time.Minute

// showScreen has the box draw its status screen anew, and shows it.
func (d *demo) showScreen(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	mark := d.box.Mark()
	if err := d.box.Type(" "); err != nil { // no key of its own
		return err
	}
	text, err := d.box.ExpectSince(ctx, mark, "s shell")
	if err != nil {
		return err
	}
	d.screen.say("Its status screen:")
	d.screen.output(strings.Trim(text, "\n"))
	return nil
}

// openShell opens the rescue shell on the console, in which the rest of the story is asked for.
func (d *demo) openShell(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	shell, err := d.box.OpenRescue(ctx)
	if err != nil {
		return err
	}
	d.box.shell = shell
	d.screen.say("Key s opens a shell; what is typed on the box from here on is typed there.")
	return d.command(ctx, "status")
}

// Run runs a subcommand of limpid.
func (b *boxed) Run(ctx context.Context, args ...string) ([]byte, error) {
	out, err := b.shell.Run(ctx, commandLine(append([]string{"limpid"}, args...)))
	return []byte(out), err
}

// Status asks limpid.
func (b *boxed) Status(ctx context.Context) (control.Status, error) {
	var s control.Status
	out, err := b.Run(ctx, "status", "--json")
	if err == nil {
		err = json.Unmarshal(out, &s)
	}
	if err != nil {
		return s, fmt.Errorf("ask for the status: %w", err)
	}
	return s, nil
}

// Done is closed when the box is off.
func (b *boxed) Done() <-chan struct{} { return b.Off() }

// Exit says how it ended.
func (b *boxed) Exit() error { return b.Wait() }

// Kill ends one of its processes.
func (b *boxed) Kill(ctx context.Context, pid int) error {
	_, err := b.shell.Run(ctx, "kill -9 "+strconv.Itoa(pid))
	return err
}

// Log is what its console has shown.
func (b *boxed) Log() string { return b.Console() }

// Stop switches the box off by its power button.
func (b *boxed) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := b.PressPower(ctx); err != nil {
		return err
	}
	select {
	case <-b.Off():
		return b.Wait()
	case <-ctx.Done():
		b.Machine.Kill()
		return errors.New("switch the box off: it is still on after its power button was pressed")
	}
}

// stayBox leaves the box up for the visitor until a signal comes.
func (d *demo) stayBox(ctx context.Context) error {
	if err := d.box.shell.Close(ctx); err != nil {
		return err
	}
	if err := d.showScreen(ctx); err != nil {
		return err
	}
	d.screen.blank()
	url, err := d.forwardPage(ctx)
	if err != nil {
		return err
	}
	d.screen.say("Its page, for a browser on this machine:")
	d.screen.suggest("", url)
	d.screen.say("Its console reads what you type here, when you press Enter: b is bypass, s a shell (limpid status, limpid flows, limpid rules), o switches it off.")
	d.screen.say("As root in another terminal:")
	in := func(host, command string) string {
		return "ip netns exec " + d.lab.Node(host).Namespace() + " " + command
	}
	for _, s := range []suggestion{
		{"ask a server through the box", in("c1", "curl -i http://10.77.0.101/hello")},
		{"a slow download, to have something to look at", in("c4", "curl -so /dev/null --limit-rate 99k 10.80.0.2/big &")},
		{"what goes by, on the clients' side (or wansw: the servers')", in("lansw", "tcpdump -eni box tcp port 80")},
		{"pull the plug: the servers are gone, since a virtual machine has no bypass relay", "kill -9 " + strconv.Itoa(d.box.PID())},
	} {
		d.screen.suggest(s.what, s.command)
	}
	d.screen.blank()
	d.screen.say("The console, until Ctrl-C:")
	d.telltale.turn(everything)
	go d.typeFor(d.box)
	select {
	case <-ctx.Done():
		return nil
	case <-d.box.Off():
		d.screen.blank()
		d.screen.say("The box is off.")
		return nil
	}
}

// typeFor types what the visitor types, until there is no more. It ends with the program: a read from a terminal cannot
// be ended.
func (*demo) typeFor(b *boxed) {
	line := make([]byte, 1024)
	for {
		n, err := os.Stdin.Read(line)
		if n > 0 && b.Type(typed(string(line[:n]))) != nil || err != nil {
			return
		}
	}
}

// typed is what a line means to the console: a single key is meant as that, without the Enter behind it.
func typed(line string) string {
	if len(line) == 2 && line[1] == '\n' {
		return line[:1]
	}
	return line
}
