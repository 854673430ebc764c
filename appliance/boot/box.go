package boot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"limpid/appliance/control"
	"limpid/appliance/disk"
	"limpid/appliance/kmod"
	"limpid/appliance/reap"
	"limpid/bridge"
)

// Options are what main gives to process 1.
type Options struct {
	Version string
	// Program is limpid itself, to be started as its own children.
	Program string
	// LogUser is whom the files of the access log belong to.
	LogUser uint32
}

// Fixed places of the box.
const (
	RunDir  = "/run/limpid"
	dataDir = "/data"
	espDir  = "/boot"
)

// Box is process 1. Its fields are set by phases, which run one after the other;
// what others use beside them has its own lock.
type Box struct {
	Options
	log     *slog.Logger
	journal *journal
	reaper  *reap.Reaper
	state   *state
	feeder  *feeder
	cmdline cmdline
	end     chan Ending
	changed chan struct{} // the settings were, or what they wait for

	stop context.CancelFunc // ends what serves the running box

	adopting sync.Mutex // held while the bridge is built or becomes another; taken before mu

	mu        sync.Mutex // guards all below: a phase left behind may still run
	loader    *kmod.Loader
	bridge    *bridge.Bridge
	wire      bridge.Spec // of bridge
	ports     [2]string   // of the wire as long as no configuration says otherwise
	defaults  [2]string   // that defaults name next: a factory reset leaves the wire as it is
	disk      disk.Disk
	onDisk    bool   // /data is a disk's, and can be written
	config    string // path of the configuration that runs
	text      []byte // what it said when it was chosen; nil: it is never the last good one
	settings  []byte // what the settings said when it was chosen
	waits     bool   // the settings are passed over until their ports are there
	supervise *keeper
	deaths    deaths // of the supervisor
	consoles  []*keeper
	saved     bool            // the configuration that runs is the last good one
	buttons   map[string]bool // input devices that are followed
}

// SmallHeap is GOGC of processes that have little to do: their heaps grow to 1 MiB before they are collected, not to 4.
const SmallHeap = 25

// Run is all of process 1. It does not return.
func Run(o Options) {
	b := &Box{Options: o, journal: newJournal(), reaper: reap.New(), end: make(chan Ending, 1), changed: make(chan struct{}, 1), buttons: map[string]bool{}}
	b.log = newLog(b.journal)
	b.state = newState(RunDir, b.log)
	b.feeder = newFeeder(b.log)
	defer func() {
		// Whatever happens here: a process 1 that ends is a kernel panic.
		if r := recover(); r != nil {
			b.finish(Ending{Kind: Reboot, Why: fmt.Sprintf("panic: %v", r), Fatal: true})
		}
	}()
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	// What is run by name is looked for here.
	os.Clearenv()
	for _, v := range environment() {
		name, value, _ := strings.Cut(v, "=")
		_ = os.Setenv(name, value) // no name here can be refused
	}
	debug.SetGCPercent(SmallHeap)
	b.watchSignals(ctx)
	b.spawn("reaper", func() { b.reaper.Orphans(ctx) })
	b.spawn("feeder", func() { b.feeder.run(context.WithoutCancel(ctx)) })
	b.startTestShell(ctx)
	b.spawn("boot", func() {
		b.sequence(ctx, Phases())
		// What was read to find drivers is not needed again.
		debug.FreeOSMemory()
		b.spawn("network", func() { b.followNetwork(ctx) })
		b.spawn("firmware", func() { b.judgeFirmware(ctx) })
		b.watch(ctx)
	})
	b.finish(<-b.end)
}

// spawn runs f, whose panic is fatal for the box but does not end process 1 by itself.
func (b *Box) spawn(name string, f func()) {
	go func() {
		defer func() {
			if r := recover(); r != nil {
				b.journal.note(string(debug.Stack()))
				b.fatal(fmt.Errorf("%s: panic: %v", name, r))
			}
		}()
		f()
	}()
}

// alarm raises or, with nil, ends the alarm about something.
func (b *Box) alarm(about string, err error) {
	if err == nil {
		if b.state.calm(about) {
			b.log.Info("alarm is over", "about", about)
		}
		return
	}
	// One line: it is shown on a console.
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	if b.state.alarm(about, text, time.Now()) {
		b.log.Error("alarm", "about", about, "text", text)
	}
}

// uptime is the time since the kernel started.
func uptime() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0
	}
	return time.Duration(now.Nano())
}

// writeFile writes to a file of the kernel's.
func writeFile(path, text string) error {
	// Never created: files of /proc are there or not.
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// told is the state of the box.
func (b *Box) told() control.Box { return b.state.get() }
