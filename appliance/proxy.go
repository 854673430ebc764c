package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"limpid/appliance/child"
	"limpid/appliance/link"
	"limpid/appliance/supervise"
	"limpid/proxy"
	"limpid/proxy/accesslog"
	"limpid/proxy/handover"
)

// lastGrace is what flows get when the proxy is told to end: the supervisor has
// waited for them already, and after this they are reset.
const lastGrace = 200 * time.Millisecond

// proxyLine is the first line on the proxy's link.
type proxyLine struct {
	lead
	proxy.Settings
}

func proxyLineOf(t supervise.Told) proxyLine {
	c := t.Config.Proxy
	return proxyLine{
		lead: lead{t.Grace},
		Settings: proxy.Settings{
			NonHTTP:     string(c.NonHTTP),
			Via:         c.Via,
			HeadLimit:   int(c.HeadLimit),
			LineLimit:   int(c.LineLimit),
			FieldsLimit: c.FieldsLimit,
			HeadTimeout: c.HeadTimeout,
			BodyTimeout: c.BodyTimeout,
			IdleTimeout: c.IdleTimeout,
			Log: accesslog.Settings{
				Dir:    t.Config.Log.Path,
				Keep:   int64(t.Config.Log.Keep),
				Format: string(t.Config.Log.Format),
				Fsync:  string(t.Config.Log.Fsync),
				Syslog: t.Config.Log.Syslog,
			},
			Loops: t.Loops,
			Grace: lastGrace,
		},
	}
}

func proxyCommand() command {
	return command{name: "proxy", summary: "The process that speaks HTTP; supervise starts it", hidden: true, run: runProxy}
}

func runProxy(ctx context.Context, t terminal, args []string) error {
	if _, err := parse(newFlags("proxy"), args); err != nil {
		return err
	}
	var line proxyLine
	conn, err := enter(&line, child.ProxyBoardFD)
	if err != nil {
		return err
	}
	if err := child.Unprivileged(); err != nil {
		return err
	}
	board, err := openBoard(child.ProxyBoardFD, "proxy board")
	if err != nil {
		return err
	}
	log := newChildLog(t.err)
	p, err := proxy.New(line.Settings, proxy.Sockets{Receiver: handover.NewReceiver(child.ProxyReceiveFD), Board: board}, log)
	if err != nil {
		// Told the same again, it would fail the same way.
		return cannotRun{err}
	}
	return serve(ctx, log, conn, line.OrphanGrace, map[string]link.Handler{
		child.MethodLog:   answerLog(p.Log()),
		child.MethodFlows: answerFlows(func(<-chan struct{}) []proxy.FlowInfo { return p.Flows() }),
		child.MethodReset: func(params json.RawMessage) (any, error) {
			var flow child.FlowID
			if err := json.Unmarshal(params, &flow); err != nil {
				return nil, fmt.Errorf("read %s: %w", child.MethodReset, err)
			}
			return p.Reset(flow.ID), nil
		},
	}, p.Run)
}
