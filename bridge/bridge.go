package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
)

// Bridge keeps one bridge as its Spec says. Its methods may be called at the same
// time; they act in the network namespace of the calling thread.
type Bridge struct {
	log *slog.Logger

	mu      sync.Mutex // one pass at a time; guards all below
	spec    Spec
	missing []string // ports, as the last pass saw it
	pending []string // steps that the last pass could not take
	asked   bool     // something new was asked for since: what comes is not drift
}

// New checks the Spec by itself; it does not ask the kernel.
func New(spec Spec, log *slog.Logger) (*Bridge, error) {
	if err := spec.validate(); err != nil {
		return nil, err
	}
	spec.VLANs = slices.Clone(spec.VLANs)
	return &Bridge{log: log, spec: spec, asked: true}, nil
}

// passes bounds how often Ensure plans again: a step may change more than it says
// (a port that joins brings its MTU), and others may work on the same interfaces.
const passes = 5

// Ensure builds or mends the bridge as far as it can and returns what is there then.
// It is idempotent. A missing port is no error: see Status.Missing. An error names
// every step that did not succeed, and what stands in the way (a port in another
// bridge, a name that is taken); the rest is built nevertheless.
func (b *Bridge) Ensure(ctx context.Context) (Status, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ensure(ctx)
}

func (b *Bridge) ensure(ctx context.Context) (Status, error) {
	k, err := openKernel()
	if err != nil {
		return Status{}, err
	}
	defer k.close()

	var st Status
	var failed error
	var drift, before, after []string
	for range passes {
		if st, err = k.readStatus(ctx, b.spec); err != nil {
			return st, err
		}
		ops := Plan(b.spec, st)
		after = describe(ops)
		if len(ops) == 0 || slices.Equal(before, after) {
			break // done, or no step forward
		}
		before = after
		drift = append(drift, b.drift(st, after)...)
		failed = b.applyAll(ctx, k, ops)
	}
	st.Drift, st.Pending = drift, after
	b.missing, b.pending, b.asked = st.Missing(), after, false
	return st, verdict(b.spec, st, failed)
}

// verdict is what Ensure has to say of the state that it left: what stands in the
// way, and why steps are pending. Steps that failed once but are no longer needed
// are forgotten: they were overtaken by what others did.
func verdict(spec Spec, st Status, failed error) error {
	errs := conflicts(spec, st)
	switch {
	case len(st.Pending) == 0:
	case failed != nil:
		errs = append(errs, failed)
	default:
		errs = append(errs, fmt.Errorf("keep %s as it should be: something else undoes this: %s: find the other program and stop it",
			spec.Name, strings.Join(st.Pending, ", ")))
	}
	return errs.err()
}

// drift picks the steps that neither a request, nor a port that came, nor an
// earlier failure explains.
func (b *Bridge) drift(st Status, steps []string) []string {
	if b.asked || !slices.Equal(b.missing, st.Missing()) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(steps), func(s string) bool { return slices.Contains(b.pending, s) })
}

// applyAll takes every step it can: a sysctl that cannot be written must not keep
// the ports apart. Only without a bridge is there nothing to go on with.
func (b *Bridge) applyAll(ctx context.Context, k *kernel, ops []Op) error {
	var errs problems
	for _, op := range ops {
		if err := ctx.Err(); err != nil {
			return append(errs, err).err()
		}
		err := op.apply(k)
		if err == nil {
			b.log.Debug("bridge step taken", "step", op.String())
			continue
		}
		errs = append(errs, fmt.Errorf("%s: %w", op, err))
		if _, ok := op.(CreateBridge); ok {
			break
		}
	}
	return errs.err()
}

// Down removes the bridge and its VLAN devices and gives the ports back: out of the
// bridge, still up, their sysctls as the namespace's defaults. It is idempotent. A
// bridge that also has ports of others stays with those, which is an error. One that
// still has a former name goes too.
func (b *Bridge) Down(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	k, err := openKernel()
	if err != nil {
		return err
	}
	defer k.close()
	return b.down(ctx, k)
}

func (b *Bridge) down(ctx context.Context, k *kernel) error {
	st, err := k.readStatus(ctx, b.spec)
	if err != nil {
		return err
	}
	b.asked, b.spec.held = true, ""
	spec := b.spec
	if st.Former.Present {
		spec.Name = st.Former.Name
		if st, err = k.readStatus(ctx, spec); err != nil {
			return err
		}
	}
	errs := problems{}
	if err := b.applyAll(ctx, k, planDown(spec, st)); err != nil {
		errs = append(errs, err)
	}
	if st.Bridge.Kind == "bridge" && len(st.Foreign) > 0 && !spec.takesForeign(st) {
		errs = append(errs, fmt.Errorf("delete %s: it has a port that is not ours, %s: remove it by hand (ip link del %s)",
			spec.Name, st.Foreign[0], spec.Name))
	}
	return errs.err()
}

// SetAddress gives the box an address of its own on the bridge (or on the
// management VLAN) and a default route in the main table, and takes away those it
// set before; the zero Prefix leaves none. They last across restarts and are kept
// by Watch. Before the first call Ensure leaves addresses as they are. An address
// that somebody else set on the bridge is never touched.
func (b *Bridge) SetAddress(ctx context.Context, prefix netip.Prefix, gateway netip.Addr) error {
	if !prefix.IsValid() {
		gateway = netip.Addr{}
	}
	if gateway.IsValid() && gateway.Is4() != prefix.Addr().Is4() {
		return errors.New("gateway and address are not of one IP version: correct [management]")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spec.management = &management{prefix, gateway}
	b.asked = true
	_, err := b.ensure(ctx)
	return err
}

// hold makes port the one that link propagation keeps down; empty is none.
func (b *Bridge) hold(port string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spec.held = port
	b.asked = true
}

// current is the Spec as it stands.
func (b *Bridge) current() Spec {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.spec
}
