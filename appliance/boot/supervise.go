package boot

import (
	"context"
	"errors"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"limpid/appliance/control"
)

const (
	superviseEnd  = 6 * time.Second // for an orderly end: flows may finish for 2 s of it
	superviseName = "supervise"
)

// startSupervise starts the supervisor and keeps it running. It is a child and not
// a part of process 1, so that its death is not the box's.
func startSupervise(ctx context.Context, b *Box) error {
	keeping := context.WithoutCancel(ctx) // longer than the phase
	k := &keeper{
		name: superviseName, output: b.journal, reaper: b.reaper, log: b.log, again: make(chan struct{}, 1),
		command: func() *exec.Cmd {
			b.mu.Lock()
			path := b.config
			b.mu.Unlock()
			cmd := exec.Command(b.Program, superviseName, "-c", path, "--settings", settingsPath, "--run", RunDir) //nolint:noctx // ended by its keeper
			cmd.Args[0], cmd.Env = "limpid", environment()
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
			return cmd
		},
		before: b.beforeSupervise,
		ended:  func(life time.Duration) { b.afterSupervise(keeping, life) },
	}
	b.mu.Lock()
	b.supervise = k
	b.mu.Unlock()
	b.spawn(superviseName, func() { k.run(keeping) })
	return awaitAnswer(ctx)
}

// afterSupervise is what is due when a supervisor has ended.
func (b *Box) afterSupervise(ctx context.Context, life time.Duration) {
	b.mu.Lock()
	unfit := b.deaths.add(life)
	b.mu.Unlock()
	if unfit {
		b.trySpare(ctx)
	}
	b.chooseChanged(ctx)
	// A wire that it has tried ends with it, and not after the wait. A sound one is not
	// touched: its VLANs carry flows for a while yet.
	if look, ok := b.seen(ctx); !ok || !look.Joined() || len(look.Foreign)+len(look.Strays) > 0 {
		b.alarm("ports", adoptPorts(ctx, b))
	}
}

// awaitAnswer waits for the supervisor's control socket, so that boot is not said
// to have ended before.
func awaitAnswer(ctx context.Context) error {
	client := control.NewClient(RunDir)
	defer client.Close()
	for {
		_, err := client.Status(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// errStuck is a supervisor that hangs in the kernel: nothing but a reboot ends that.
var errStuck = errors.New("the supervisor does not answer and cannot be ended")

// Times of the watch.
const (
	watchEvery   = 5 * time.Second
	askPatience  = 3 * time.Second
	hangPatience = 30 * time.Second // without an answer, until the supervisor is killed
	vouchFor     = 45 * time.Second // of a check that passed
	wellAfter    = 20 * time.Second // inline for so long, and the configuration is a good one
)

// watch is what process 1 does once the box is up: look whether the box is a wire and the
// supervisor answers, and vouch for both to the hardware watchdog. A supervisor that is
// dead is the keeper's and no reason for a reboot: without it the box is a wire. Only
// what cannot be ended, a box that is no wire, and a kernel that does not answer are.
func (b *Box) watch(ctx context.Context) {
	b.followButtons()
	client := control.NewClient(RunDir)
	defer client.Close()
	var w watcher
	for ctx.Err() == nil {
		b.check(ctx, client, &w)
		select {
		case <-ctx.Done():
		case <-time.After(watchEvery):
		}
	}
}

// watcher is what watch remembers from check to check.
type watcher struct {
	answered time.Time // the last time
	inline   time.Time // since when; zero: it is not
}

func (b *Box) check(ctx context.Context, client *control.Client, w *watcher) {
	now := time.Now()
	asking, cancel := context.WithTimeout(ctx, askPatience)
	status, err := client.Status(asking)
	cancel()
	if w.answered.IsZero() || err == nil {
		w.answered = now
	}
	b.followInline(err == nil && status.Mode == control.Inline, now, w)
	silent, err := b.attend(now, w.answered)
	if err != nil {
		b.fatal(err)
		return
	}
	if err := b.checkData(); err != nil {
		b.alarm("data", err)
	}
	b.awaitPorts(ctx, settingsPath)
	looking, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	b.followTrial(looking, settingsPath)
	b.judge(look{standing: b.standing(looking), silent: silent})
}

// attend kills a supervisor that hangs, and says since when it is silent. An error is one
// that does not die.
func (b *Box) attend(now, answered time.Time) (silent time.Duration, err error) {
	b.mu.Lock()
	k := b.supervise
	b.mu.Unlock()
	if k == nil {
		return now.Sub(answered), nil
	}
	begun, runs := k.runsSince()
	silent = now.Sub(later(answered, begun))
	if !runs || silent <= hangPatience {
		return silent, nil
	}
	b.log.Error("supervisor does not answer: killed", "for", silent.Round(time.Second))
	if !k.kill(askPatience) {
		return silent, errStuck
	}
	return silent, nil
}

// judge vouches for the box, or says why not.
func (b *Box) judge(l look) {
	err := l.vouch()
	b.alarm("box", err)
	if err == nil {
		b.feeder.allow(vouchFor)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// followInline keeps the configuration with which the box has been well for a while.
func (b *Box) followInline(inline bool, now time.Time, w *watcher) {
	switch {
	case !inline:
		w.inline = time.Time{}
	case w.inline.IsZero():
		w.inline = now
	case now.Sub(w.inline) >= wellAfter:
		b.saveGood()
	}
}

// errPulled is a data partition that the kernel no longer writes to.
var errPulled = errors.New("the kernel has made the data partition read-only after an error: nothing is saved: replace the disk")

// checkData looks whether the data partition can still be written. It does not
// write: a stick has only so many of them.
func (b *Box) checkData() error {
	b.mu.Lock()
	onDisk := b.onDisk
	b.mu.Unlock()
	if !onDisk {
		return nil
	}
	var st unix.Statfs_t
	if err := unix.Statfs(dataDir, &st); err != nil {
		return err
	}
	if st.Flags&unix.ST_RDONLY != 0 {
		return errPulled
	}
	return nil
}
