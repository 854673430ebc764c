package supervise

import (
	"context"
	"errors"
	"net/netip"
	"reflect"

	"limpid/appliance/config"
	"limpid/appliance/settings"
)

// Why a change on trial cannot be confirmed yet.
var (
	errStarting    = errors.New("limpid is still starting with what is tried: confirm it when the page is back")
	errUnaddressed = errors.New("the box does not have its new address yet: confirm it there")
)

// inEffect says why a trial proves nothing yet. Whoever confirms it before its settings are those in effect, or from an
// address that the box is about to lose, would keep what nobody has tried.
func (s *Supervisor) inEffect(t settings.Trial) error {
	fresh, err := config.Parse("limpid.toml", []byte(t.Text))
	if err != nil {
		return err
	}
	if fixed(s.current(), fresh) != "" {
		return errStarting
	}
	old, err := config.Load(s.ConfigPath)
	moved := err != nil || !reflect.DeepEqual(old.Management, fresh.Management)
	if m := fresh.Management; moved && m.Interface == "" && !m.None() && !s.addressed.Load() {
		return errUnaddressed
	}
	return nil
}

// addressedWire notes that the box was given the address of its settings: one that it had before is gone then.
type addressedWire struct {
	Wire
	s *Supervisor
}

// SetAddress implements Wire.
func (w addressedWire) SetAddress(ctx context.Context, prefix netip.Prefix, gateway netip.Addr) error {
	err := w.Wire.SetAddress(ctx, prefix, gateway)
	w.s.addressed.Store(err == nil && prefix.IsValid())
	return err
}
