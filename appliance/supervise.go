package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"limpid/appliance/boot"
	"limpid/appliance/child"
	"limpid/appliance/clock"
	"limpid/appliance/config"
	"limpid/appliance/supervise"
	"limpid/proxy/relay"
)

func superviseCommand() command {
	return command{name: "supervise", usage: "-c FILE [--run DIR]", summary: "Run the box, in the foreground",
		help: `
  -c FILE    configuration (` + defaultConfig + `)
  --run DIR  directory of the lock and of control.sock (` + defaultRunDir + `)
  --credentials DIR
             where the web page's certificate and password are kept (` + defaultCredentials + `); in memory if it is not there
  --settings FILE
             what the web page changes, if it is not the configuration; its history is in FILE.history
  --flow-timeout D
             how long the kernel remembers a captured connection that is idle, from 3s (20m); TCP keepalive follows
  --flow-memory auto|programs|sets
             where it remembers them: in programs at the ports, which cost less and need Linux 6.6, or in sets of nft (auto)

Builds the bridge, starts gate, proxy and web page, and captures new connections while health checks pass. Logs to stderr.
SIGTERM and Ctrl-C end it: flows may finish for 2 s, the bridge stays and forwards. SIGHUP reads the configuration
again.`,
		run: superviseBox}
}

// minFlowTimeout leaves room for keepalive, which counts in seconds.
const minFlowTimeout = 3 * time.Second

func superviseBox(ctx context.Context, t terminal, args []string) error {
	if err := child.KeepPrivate(); err != nil {
		return err
	}
	debug.SetGCPercent(boot.SmallHeap)
	set := newFlags("supervise")
	path, dir := configFlag(set), runFlag(set)
	credentials := set.String("credentials", defaultCredentials, "")
	settingsPath := set.String("settings", "", "")
	flowTimeout := set.Duration("flow-timeout", supervise.FlowTimeout, "")
	flowMemory := set.String("flow-memory", "auto", "")
	if _, err := parse(set, args); err != nil {
		return err
	}
	if *flowTimeout < minFlowTimeout {
		return badUsage("--flow-timeout %v: want at least %v", *flowTimeout, minFlowTimeout)
	}
	runDir, err := filepath.Abs(*dir)
	if err != nil {
		return fmt.Errorf("find run directory: %w", err)
	}
	// After the first signal its default action is back: a second one ends at once.
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	defer signal.Stop(reload)

	log := newLog(t.err, nil)
	// A wire is a wire whether it can be updated or not.
	updates, closeUpdates := updatesOf(log)
	defer closeUpdates()
	options := supervise.Options{
		ConfigPath: *path, SettingsPath: cmp.Or(*settingsPath, *path), RunDir: *dir,
		Version: version, TunnelReasons: relay.ReasonNames(), Log: log, Reload: reload, FlowTimeout: *flowTimeout,
		Updates: updates, Board: board(),
		OpenWire: supervise.OpenWire, LeaveWire: supervise.LeaveWire,
		OpenCapture: func(ctx context.Context, c *config.Config, flowTimeout time.Duration, log *slog.Logger) (supervise.Capture, error) {
			return supervise.OpenCapture(ctx, c, *flowMemory, flowTimeout, log)
		},
		GateSettings:  func(told supervise.Told) any { return gateLineOf(told) },
		ProxySettings: func(told supervise.Told) any { return proxyLineOf(told) },
		WebSettings:   func(page supervise.Page) any { return webLineOf(page, runDir) },
		Credentials:   *credentials,
		SetTime:       clock.SetSystem, Built: clock.Built(clock.ReleasePath),
		// The file that runs now, also when it was replaced since.
		Program: "/proc/self/exe", Arguments: func(name string) []string { return []string{name} }, Env: childEnv(),
		KeepAddress: addressKeeper(*dir),
	}
	return supervise.Run(ctx, options)
}

// childEnv is what children get of the environment: what steers Go's runtime,
// and nothing that is none of their business.
func childEnv() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return !slices.Contains([]string{"GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GORACE", "GOTRACEBACK"}, name)
	})
}
