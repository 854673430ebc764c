package bridge

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"time"

	rawnl "github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

const (
	// tick bounds how long a change goes unseen that sends no event, as a sysctl does.
	// Loading br_netfilter is one, which turns bridge-nf-call-iptables on.
	tick = 5 * time.Second
	// settle is how long to wait after an event for those that belong to it, and
	// settleMost for how long at most if they do not end.
	settle     = 30 * time.Millisecond
	settleMost = 200 * time.Millisecond
)

// Watch keeps the bridge as the Spec says until ctx ends: it adopts ports that
// come, mends what others change, follows carriers, and does the link propagation
// if the Spec wants it. It acts on netlink events and every 5 s. changed is called
// from Watch itself, first with the present Status and then whenever it differs.
// What cannot be mended is logged once and tried again. Watch returns nil when ctx
// ended and an error only if it cannot listen. When it ends, a port that link
// propagation held is set up again: nobody else would.
func (b *Bridge) Watch(ctx context.Context, changed func(Status)) error {
	events, err := listen(ctx)
	if err != nil {
		return err
	}
	defer events.close()

	w := watcher{bridge: b, spec: b.current(), changed: changed, propagation: newPropagation(time.Now())}
	defer w.letGo()
	for ctx.Err() == nil {
		wake := w.look(ctx)
		if err := events.wait(ctx, wake); err != nil {
			return err
		}
	}
	return nil
}

// watcher is what Watch remembers between two looks.
type watcher struct {
	bridge      *Bridge
	spec        Spec // as it was at the start; only what never changes is used
	changed     func(Status)
	propagation propagation
	last        *Status
	complaint   string // the error of the last look
}

// look makes one pass, and more while link propagation changes its mind. It
// returns when to look again at the latest.
func (w *watcher) look(ctx context.Context) time.Time {
	wake := time.Now().Add(tick)
	for {
		st, err := w.bridge.Ensure(ctx)
		if ctx.Err() != nil {
			return wake
		}
		w.complain(err)
		if st.Bridge.Name != "" { // else not even reading succeeded
			w.report(st)
		}
		if !w.spec.LinkPropagation || err != nil && st.Bridge.Name == "" {
			return wake
		}
		next, at := w.propagation.next(time.Now(), st.LAN.Carrier, st.WAN.Carrier)
		same := next.held == w.propagation.held
		w.propagation = next
		if same {
			if !at.IsZero() && at.Before(wake) {
				wake = at
			}
			return wake
		}
		w.bridge.log.Info("link propagation", "held", next.port(w.spec),
			"lan_carrier", st.LAN.Carrier, "wan_carrier", st.WAN.Carrier)
		w.bridge.hold(next.port(w.spec))
	}
}

// complain logs what is wrong once, not every 5 s, and when it is over.
func (w *watcher) complain(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text == w.complaint {
		return
	}
	w.complaint = text
	if err != nil {
		w.bridge.log.Warn("bridge is not as it should be", "error", err)
	} else {
		w.bridge.log.Info("bridge is as it should be")
	}
}

// report calls back when anything differs from the last report, be it a speed.
func (w *watcher) report(st Status) {
	if len(st.Drift) > 0 {
		w.bridge.log.Warn("bridge was changed by others", "mended", st.Drift)
	}
	if w.last != nil && reflect.DeepEqual(*w.last, st) {
		return
	}
	w.last = &st
	w.changed(st)
}

// letGo ends link propagation. It sets the port up and no more: somebody may be
// about to take the bridge down.
func (w *watcher) letGo() {
	port := w.propagation.port(w.spec)
	if port == "" {
		return
	}
	w.bridge.hold("")
	k, err := openKernel()
	if err == nil {
		defer k.close()
		err = SetUp{port}.apply(k)
	}
	if err != nil {
		w.bridge.log.Error("port that link propagation held is left down: set it up by hand", "port", port, "error", err)
	}
}

// listener hears of changes to interfaces, bridge ports and addresses. What the
// events say is not looked at: the next pass reads everything anew.
type listener struct {
	conn *rawnl.Conn
	stop func() bool
}

func listen(ctx context.Context) (*listener, error) {
	conn, err := rawnl.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return nil, fmt.Errorf("open netlink socket for events: %w", err)
	}
	for _, group := range []uint32{unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR} {
		if err := conn.JoinGroup(group); err != nil {
			return nil, errors.Join(fmt.Errorf("join netlink group %d: %w", group, err), conn.Close())
		}
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	return &listener{conn, stop}, nil
}

func (l *listener) close() {
	l.stop()
	_ = l.conn.Close()
}

// wait returns at the time given, or a moment after an event, when no more follow.
func (l *listener) wait(ctx context.Context, wake time.Time) error {
	var most time.Time
	for {
		if err := l.conn.SetReadDeadline(wake); err != nil {
			return fmt.Errorf("wait for netlink events: %w", err)
		}
		// The end of ctx may have set its deadline just before ours.
		select {
		case <-ctx.Done():
			return nil
		default:
		}
		heard, err := l.hear()
		if err != nil || !heard {
			return err
		}
		now := time.Now()
		if most.IsZero() {
			most = now.Add(settleMost)
		}
		if wake = now.Add(settle); wake.After(most) {
			wake = most
		}
	}
}

// hear waits for one event until the deadline.
func (l *listener) hear() (bool, error) {
	_, err := l.conn.Receive()
	switch {
	case err == nil, errors.Is(err, unix.ENOBUFS):
		// Too many to hold is an event as well: all we ask is whether something happened.
		return true, nil
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return false, fmt.Errorf("wait for netlink events: %w", err)
	}
	return false, nil
}
