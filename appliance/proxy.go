package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"limpid/appliance/child"
	"limpid/appliance/config"
	"limpid/appliance/link"
	"limpid/appliance/supervise"
	"limpid/interceptor"
	"limpid/proxy"
	"limpid/proxy/accesslog"
	"limpid/proxy/eventloop"
	"limpid/proxy/handover"
	"limpid/proxy/intake"
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
		lead: leadOf(t),
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
			Loops:  t.Loops,
			Grace:  lastGrace,
			Direct: directOf(t),
		},
	}
}

// directOf has the proxy accept connections itself where nobody has to be
// asked before a client is answered.
func directOf(t supervise.Told) *intake.Settings {
	if interceptor.Handshake(t.Handshake) != interceptor.Accept {
		return nil
	}
	direct := &intake.Settings{Upstream: upstreamOf(t)}
	if len(t.Config.Bridge.VLANs) > 0 {
		direct.Mark = uint32(interceptor.MarkToClient)
	}
	return direct
}

// upstreamOf is how gate and proxy are to connect to servers.
func upstreamOf(t supervise.Told) intake.Upstream {
	return intake.Upstream{
		KeepPort:     t.Config.Proxy.ClientPort == config.ClientPortKeep,
		KeepAddress:  t.Config.Intercept.Mode == config.ModeFull,
		HealthOrigin: t.Origin,
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
	conn, err := enter(&line, child.ProxyReturnFD, child.ProxyListenFD, child.ProxyListen6FD,
		child.ProxySupply4FD, child.ProxySupply6FD, child.ProxyReturnFD)
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
	sockets := proxy.Sockets{Receiver: handover.NewReceiver(child.ProxyReceiveFD), Board: board}
	if line.Direct != nil {
		sockets.Intake = intakeSockets(line.IPv6)
	}
	eventloop.MakeRoom(max(line.Loops, 1))
	p, err := proxy.New(line.Settings, sockets, log)
	if err != nil {
		// Told the same again, it would fail the same way.
		return cannotRun{err}
	}
	return serve(ctx, log, conn, line.OrphanGrace, map[string]link.Handler{
		child.MethodLog:   answerLog(p.Log()),
		child.MethodTop:   answerTop(p.Log()),
		child.MethodHeads: answerHeads(p.Log().Heads()),
		child.MethodFlows: answerFlows(func(<-chan struct{}) []proxy.FlowInfo { return p.Flows() }),

		child.MethodHeadsBegin: answerHeadsBegin(p.Log().Heads()),
		child.MethodHeadsEnd:   answerHeadsEnd(p.Log().Heads()),

		child.MethodReset: func(params json.RawMessage) (any, error) {
			var flow child.FlowID
			if err := json.Unmarshal(params, &flow); err != nil {
				return nil, fmt.Errorf("read %s: %w", child.MethodReset, err)
			}
			return p.Reset(flow.ID), nil
		},
	}, p.Run)
}

// intakeSockets are those with which the proxy accepts connections itself.
func intakeSockets(ipv6 bool) intake.Sockets {
	sockets := intake.Sockets{
		Listeners: []int{child.ProxyListenFD}, Supply4: handover.NewReceiver(child.ProxySupply4FD),
		Return: handover.NewSender(child.ProxyReturnFD),
	}
	if ipv6 {
		sockets.Listeners = append(sockets.Listeners, child.ProxyListen6FD)
		sockets.Supply6 = handover.NewReceiver(child.ProxySupply6FD)
	}
	return sockets
}
