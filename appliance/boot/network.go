package boot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"limpid/appliance/clock"
	"limpid/appliance/control"
	"limpid/appliance/durable"
)

// resolvPath is read by everybody on the box who looks names up (resolv.conf(5)).
const resolvPath = "/etc/resolv.conf"

// networkEvery is how often process 1 looks whether the supervisor says something new
// of the network.
const networkEvery = 2 * time.Second

// network does with the network what the supervisor says of it: names are asked of
// those servers, and the time is kept by the others. It outlives the supervisor.
type network struct {
	dir     string // the run directory
	resolv  string
	every   time.Duration // a look
	log     *slog.Logger
	built   time.Time
	correct func(offset time.Duration) error
	set     func() // a person has set the clock
	alarm   func(about string, err error)
}

// run follows what the supervisor says until ctx ends, and keeps the time meanwhile.
func (n network) run(ctx context.Context) {
	var told control.Network
	var set control.Clock
	stop := func() {}
	defer func() { stop() }()
	for {
		now, err := control.ReadNetwork(n.dir)
		n.alarm("network", err)
		if err == nil && !slices.Equal(now.DNS, told.DNS) {
			told.DNS = now.DNS
			n.alarm("names", writeResolver(n.resolv, now.DNS))
		}
		if err == nil && !slices.Equal(now.NTP, told.NTP) {
			told.NTP = now.NTP
			stop()
			stop = n.keepTime(ctx, now.NTP)
		}
		c, err := control.ReadClock(n.dir)
		n.alarm("clock set by a person", err)
		if err == nil && !c.Time.Equal(set.Time) {
			set = c
			n.set()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(n.every):
		}
	}
}

// keepTime asks servers until stop is called, which waits for its end.
func (n network) keepTime(ctx context.Context, servers []string) (stop func()) {
	if len(servers) == 0 {
		return func() {}
	}
	n.log.Info("time servers", "ask", strings.Join(servers, ", "))
	keeping, cancel := context.WithCancel(ctx)
	keeper := clock.Keeper{Servers: servers, Built: n.built, Correct: n.correct, Log: n.log}
	var running sync.WaitGroup
	running.Go(func() {
		// It reads what the network says: that must never end the box.
		defer func() {
			if r := recover(); r != nil {
				n.alarm("time servers", fmt.Errorf("keep time: panic: %v", r))
			}
		}()
		keeper.Run(keeping)
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// errHost is a system that is not the firmware's own.
var errHost = errors.New("it is on a disk, and so a system's that limpid is a guest of: left alone")

// writeResolver names the servers that names are asked of. The root file system of the
// firmware is in memory; where it is not, the file is somebody else's.
func writeResolver(path string, servers []netip.Addr) error {
	var root unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(path), &root); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if t := uint32(root.Type); t != unix.RAMFS_MAGIC && t != unix.TMPFS_MAGIC {
		return fmt.Errorf("write %s: %w", path, errHost)
	}
	text := []byte("# written by limpid\n")
	for _, s := range servers {
		text = fmt.Appendf(text, "nameserver %s\n", s)
	}
	return durable.Replace(path, text, 0o644)
}

// followNetwork is network.run of this box.
func (b *Box) followNetwork(ctx context.Context) {
	network{
		dir: RunDir, resolv: resolvPath, every: networkEvery, log: b.log, built: buildTime(), alarm: b.alarm,
		set: b.clockSet, correct: func(offset time.Duration) error {
			if err := clock.Correct(offset); err != nil {
				return err
			}
			b.clockCorrected(offset)
			return nil
		},
	}.run(ctx)
}
