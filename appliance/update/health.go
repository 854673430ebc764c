package update

import (
	"context"
	"errors"
	"fmt"
	"time"

	"limpid/appliance/control"
)

// askTimeout bounds one question to the supervisor.
const askTimeout = 2 * time.Second

// Asked answers GET /v1/status. *control.Client is one.
type Asked interface {
	Status(context.Context) (control.Status, error)
}

// Health gives a Gate's question: the control API answers, the bridge and both
// its ports are up, gate, proxy and web page run and are still those of the last look,
// and a request of the box's own has lately gone through the proxy, which is what
// mode "inline" says. Where the operator has ordered a bypass there is no such
// request, and the rest is enough.
func Health(asked Asked) func(context.Context) error {
	var before [3]control.Process
	return func(ctx context.Context) error {
		s, err := statusOf(ctx, asked)
		if err != nil {
			return fmt.Errorf("control API: %w", err)
		}
		now := [3]control.Process{s.Gate, s.Proxy, s.Web.Process}
		err = judge(s)
		for i, name := range [3]string{"gate", "proxy", "web"} {
			if err == nil && before[i].PID != 0 && before[i].PID != now[i].PID {
				err = fmt.Errorf("%s: restarted: %s", name, now[i].LastExit)
			}
		}
		before = now
		if err != nil {
			return err
		}
		if err := visitPage(ctx, s.Web); err != nil {
			return fmt.Errorf("web: %w", err)
		}
		return nil
	}
}

func statusOf(ctx context.Context, asked Asked) (control.Status, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, askTimeout, errors.New("no answer in time"))
	defer cancel()
	return asked.Status(ctx)
}

// judge says what of a status is not well.
func judge(s control.Status) error {
	switch {
	case !s.Wire.Bridge.Present || !s.Wire.Bridge.Up:
		return fmt.Errorf("bridge %s: not up", s.Wire.Bridge.Name)
	case !s.Wire.LAN.Present || !s.Wire.LAN.Up:
		return fmt.Errorf("port %s: not up", s.Wire.LAN.Name)
	case !s.Wire.WAN.Present || !s.Wire.WAN.Up:
		return fmt.Errorf("port %s: not up", s.Wire.WAN.Name)
	case s.Gate.PID == 0:
		return fmt.Errorf("gate: does not run: %s", s.Gate.LastExit)
	case s.Proxy.PID == 0:
		return fmt.Errorf("proxy: does not run: %s", s.Proxy.LastExit)
	case len(s.Web.Listen) > 0 && s.Web.PID == 0:
		return fmt.Errorf("web: does not run: %s", s.Web.LastExit)
	case s.Mode != control.Inline && !s.Bypass.On:
		return fmt.Errorf("proxy: no request has gone through it: %s: %s", s.Mode, s.Reason)
	}
	return nil
}
