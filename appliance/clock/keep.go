package clock

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Times of Keep.
const (
	firstPause = 8 * time.Second // after a round in which nobody answered; doubled up to lastPause
	lastPause  = 17 * time.Minute
	usualPause = 1024 * time.Second // RFC 5905: a poll exponent of 10
)

// mostServers bounds how many addresses of a name are asked in one round.
const mostServers = 4

// nameTime bounds the search for the addresses of one name.
const nameTime = 10 * time.Second

// stepAbove is from where on the time is set at once: to slew half a second away
// takes the kernel a quarter of an hour (adjtimex(2)).
const stepAbove = 500 * time.Millisecond

// Keeper keeps the system's time by that of servers.
type Keeper struct {
	Servers []string // names or addresses, with or without a port
	Built   time.Time
	Log     *slog.Logger
	// Correct sets the system's time by how much it is behind. The package's Correct is the kernel's.
	Correct func(offset time.Duration) error
}

// Run asks until ctx ends. That nobody answers is said once.
func (k Keeper) Run(ctx context.Context) {
	silent := false
	for pause := firstPause; ctx.Err() == nil; {
		offset, err := k.round(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			err = k.apply(offset)
		}
		if err == nil {
			silent, pause = false, usualPause
		} else if !silent {
			silent = true
			k.Log.Warn("the time is not known from the network, still asking", "error", err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
		if err != nil {
			pause = min(2*pause, lastPause)
		}
	}
}

// round asks every server, and gives the middle of what they say: one that is wrong
// among three is outvoted.
func (k Keeper) round(ctx context.Context) (time.Duration, error) {
	var offsets []time.Duration
	var errs []error
	for _, server := range k.Servers {
		addresses, err := resolve(ctx, server)
		errs = append(errs, err)
		for _, address := range addresses[:min(len(addresses), mostServers)] {
			offset, err := Ask(ctx, address)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			offsets = append(offsets, offset)
		}
	}
	if len(offsets) == 0 {
		return 0, errors.Join(errs...)
	}
	return middle(offsets), nil
}

func middle(offsets []time.Duration) time.Duration {
	slices.Sort(offsets)
	return offsets[len(offsets)/2]
}

// resolve gives the addresses of a server with the port, NTP's unless it names one.
func resolve(ctx context.Context, server string) ([]string, error) {
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		host, port = server, "123"
	}
	ctx, cancel := context.WithTimeout(ctx, nameTime)
	defer cancel()
	hosts, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("find time server: %w", err)
	}
	for i := range hosts {
		hosts[i] = net.JoinHostPort(hosts[i], port)
	}
	return hosts, nil
}

// apply corrects the time, unless that would be before the firmware was built, which
// no server in its right mind says.
func (k Keeper) apply(offset time.Duration) error {
	if now := time.Now().Add(offset); now.Before(k.Built) || tooFar(now, k.Built) {
		return fmt.Errorf("time servers say it is %v: not believed", now.UTC().Format(time.DateTime))
	}
	if err := k.Correct(offset); err != nil {
		return err
	}
	if Steps(offset) {
		k.Log.Info("time set from the network", "by", offset.Round(time.Millisecond))
	}
	return nil
}

// Steps says whether Correct sets a time that is so wrong at once.
func Steps(offset time.Duration) bool { return offset.Abs() >= stepAbove }

// Correct sets the system's time, at once or little by little.
func Correct(offset time.Duration) error {
	if Steps(offset) {
		return SetSystem(time.Now().Add(offset))
	}
	// adjtime(3)'s way: in microseconds.
	change := unix.Timex{Modes: unix.ADJ_OFFSET_SINGLESHOT, Offset: offset.Microseconds()}
	if _, err := unix.Adjtimex(&change); err != nil {
		return fmt.Errorf("correct time: %w", err)
	}
	return nil
}
