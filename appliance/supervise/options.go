package supervise

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"time"

	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/appliance/settings"
)

// Told is what children's settings are made of.
type Told struct {
	Config    *config.Config
	Handshake string         // chosen for this kernel
	Flows     int            // at once, at most
	Loops     int            // event loops of the proxy
	Origin    netip.AddrPort // of health checks
	// Grace is how long children that lose their supervisor go on: with the
	// rules kept alive they serve what they have, without they must end.
	Grace time.Duration
}

// Options are what a supervisor is made of. All are needed but Settings, Bypass, Carried, Unfinished, FlowTimeout, Updates, SetTime, Built and Hardware.
type Options struct {
	ConfigPath string
	// SettingsPath is the file that changes of the settings are written to; usually
	// ConfigPath. Settings keeps it, which Run opens: without, they cannot be changed.
	// A change on trial in it is what runs.
	SettingsPath string
	Settings     *settings.Store
	// Bypass is what a person has ordered before.
	Bypass control.Override
	// Carried is from the supervisor before; nil: there was none.
	Carried *Carried
	// Unfinished is what keeps a factory reset from being done; nil: nothing.
	Unfinished error

	RunDir  string
	Version string
	// TunnelReasons names the reasons for tunnels, by their cell from
	// scoreboard.TunnelBy on.
	TunnelReasons []string
	Log           *slog.Logger
	Reload        <-chan os.Signal // each receipt reads the configuration again

	OpenWire func(context.Context, *config.Config, *slog.Logger) (Wire, error)
	// LeaveWire takes the wire of former down where that of fresh needs it, and says whether it did.
	LeaveWire   func(ctx context.Context, former, fresh *config.Config, log *slog.Logger) (left bool, err error)
	OpenCapture func(context.Context, *config.Config, time.Duration, *slog.Logger) (Capture, error)
	// GateSettings and ProxySettings make the first line on a child's link.
	GateSettings  func(Told) any
	ProxySettings func(Told) any
	WebSettings   func(Page) any
	// Program is what children execute, and Arguments what follows its name.
	Program   string
	Arguments func(name string) []string
	Env       []string
	// KeepAddress keeps the management address until ctx ends. flapped tells
	// that a port's link was down and is up again.
	KeepAddress func(ctx context.Context, c *config.Config, wire Wire, flapped <-chan struct{}, log *slog.Logger)
	// FlowTimeout is how long an idle flow keeps its slot; 0 for the usual.
	FlowTimeout time.Duration
	// Updates, if limpid runs from a slot, replaces the firmware; Board is the
	// kind of box.
	Updates control.Updater
	Board   string
	// Credentials is the folder of the web page's certificate and password; while it
	// is not there they are in memory.
	Credentials string
	// SetTime sets the system's clock to what a person says; nil: it is not ours to set.
	// Built is when the firmware was, zero where nobody knows.
	SetTime func(time.Time) error
	Built   time.Time
	// Hardware, if there is one, is fed with every health check that passes.
	Hardware interface{ Feed() error }
}
