package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"limpid/test/lab"
)

// patience bounds every wait for something that takes milliseconds on an idle
// machine, and some seconds where every instruction is emulated.
const patience = 2 * time.Minute

// demo is one run: the network, what runs in it, and what was seen so far.
type demo struct {
	screen *screen
	once   bool // end when the story is told

	lab *lab.Lab
	// home is where the clients' files go, inside the lab's directory.
	home   string
	s1, s2 *origin

	limpid subject
	// One of the two is it.
	program *supervised
	box     *boxed
	// telltale shows the box's console.
	telltale *telltale
	whole    bool // the story is about the whole box
	// inline is the first exchange that limpid carried.
	inline *exchange
}

// chapter is one step of the story, under its title.
type chapter struct {
	title string
	tell  func(*demo, context.Context) error
}

// chapters are in the order in which each needs what the one before it left.
func (d *demo) chapters() []chapter {
	start := chapter{"limpid in the wire", (*demo).startLimpid}
	if d.whole {
		start = chapter{"A box in the wire", (*demo).startBox}
	}
	return []chapter{
		{"A network, and servers in it", (*demo).buildNetwork},
		start,
		{"Downloads through it", (*demo).downloads},
		{"One request, seen from both ends", (*demo).crossing},
		{"kill -9, under load", (*demo).kill},
		{"Bypass: a wire on request", (*demo).bypass},
	}
}

// tell runs the whole story; it ends at the first thing that does not hold.
func (d *demo) tell(ctx context.Context) error {
	if err := d.requirements(); err != nil {
		return err
	}
	d.introduce()
	// A signal between two chapters is as good as one inside.
	for i, c := range d.chapters() {
		if ctx.Err() != nil {
			return errInterrupted
		}
		d.screen.title(fmt.Sprintf("%d. %s", i+1, c.title))
		if err := c.tell(d, ctx); err != nil {
			return err
		}
	}
	if d.once {
		return nil
	}
	d.screen.title("Yours until Ctrl-C")
	return d.stay(ctx)
}

// buildNetwork makes the namespaces and starts both web servers.
func (d *demo) buildNetwork(ctx context.Context) error {
	l, err := lab.Build(ctx, lab.Options{Name: "demo", Machine: d.whole})
	if err != nil {
		return err
	}
	d.lab = l
	if err := d.makeHome(); err != nil {
		return err
	}
	if d.s1, err = startOrigin(ctx, l.S1, filepath.Join(l.Dir(), "s1")); err != nil {
		return err
	}
	if d.s2, err = startOrigin(ctx, l.S2, filepath.Join(l.Dir(), "s2")); err != nil {
		return err
	}
	if err := makeRepository(ctx, d.s2.root); err != nil {
		return err
	}
	d.screen.picture(networkPicture)
	d.screen.say("Each name is a network namespace with its own addresses and MACs; nothing of this machine's own network is used. s1 and s2 run nginx.")
	return nil
}

// explain tells, after a failure, what limpid itself had to say.
func (d *demo) explain(to io.Writer) {
	if d.limpid == nil {
		return
	}
	fmt.Fprintf(to, "\nThe end of limpid's own log:\n%s\n", lastLines(d.limpid.Log(), 20))
}

// takeDown ends everything and looks whether anything is left. It is for every
// way a run can end. A limpid that has no signal yet is stopped as an init
// system would and must end well; after Ctrl-C it may have had one from the
// terminal, and is killed with the rest.
func (d *demo) takeDown(signalled bool) error {
	if d.lab == nil {
		return nil
	}
	d.screen.blank()
	var errs []error
	if d.program != nil {
		d.program.control.Close()
	}
	if d.box != nil && signalled {
		d.box.Machine.Kill()
	}
	// Before the lab is closed, which kills whatever still runs.
	if d.limpid != nil && !signalled {
		errs = append(errs, d.limpid.Stop())
	}
	errs = append(errs, d.lab.Close(), leftovers(d.lab))
	if err := errors.Join(errs...); err != nil {
		return err
	}
	d.screen.say("Everything is taken down: no namespace, process or file of the demo is left.")
	return nil
}
