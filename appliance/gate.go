package main

import (
	"context"
	"encoding/json"
	"fmt"

	"golang.org/x/sys/unix"

	"limpid/appliance/child"
	"limpid/appliance/link"
	"limpid/appliance/supervise"
	"limpid/interceptor"
	"limpid/interceptor/gate"
	"limpid/proxy/eventloop"
	"limpid/proxy/handover"
)

// gateOutlives is how much longer than the proxy a gate without supervisor
// goes on: it holds the rules that the proxy's last resets need.
const gateOutlives = 2 * lastGrace

// gateLine is the first line on the gate's link.
type gateLine struct {
	lead
	gate.Settings
}

func gateLineOf(t supervise.Told) gateLine {
	line := gateLine{
		lead: leadOf(t),
		Settings: gate.Settings{
			Upstream:       upstreamOf(t),
			Handshake:      interceptor.Handshake(t.Handshake),
			MaxConnections: min(t.Flows, t.Config.Intercept.MaxConnections),
		},
	}
	if t.Grace > 0 {
		line.OrphanGrace = t.Grace + gateOutlives
	}
	return line
}

func gateCommand() command {
	return command{name: "gate", summary: "The process that accepts connections; supervise starts it", hidden: true, run: runGate}
}

func runGate(ctx context.Context, t terminal, args []string) error {
	if _, err := parse(newFlags("gate"), args); err != nil {
		return err
	}
	var line gateLine
	conn, err := enter(&line, child.GateReturnFD, child.GateListen6FD, child.GateRulesFD, child.GateSupply6FD, child.GateSupplied6FD)
	if err != nil {
		return err
	}
	sockets := gate.Sockets{
		Sender: handover.NewSender(child.GateSendFD), Receiver: handover.NewReceiver(child.GateReceiveFD),
		Listeners: []int{child.GateListenFD}, Returned: handover.NewReceiver(child.GateReturnFD),
		Supplies: []gate.Supply{{
			Family: unix.AF_INET, Sender: handover.NewSender(child.GateSupply4FD), Receiver: handover.NewReceiver(child.GateSupplied4FD),
		}},
	}
	if line.IPv6 {
		sockets.Listeners = append(sockets.Listeners, child.GateListen6FD)
		sockets.Supplies = append(sockets.Supplies, gate.Supply{
			Family: unix.AF_INET6, Sender: handover.NewSender(child.GateSupply6FD), Receiver: handover.NewReceiver(child.GateSupplied6FD),
		})
	}
	if sockets.Board, err = openBoard(child.GateBoardFD, "gate board"); err != nil {
		return err
	}
	if sockets.ProxyBoard, err = openBoard(child.GateProxyBoardFD, "proxy board"); err != nil {
		return err
	}
	log := newChildLog(t.err)
	eventloop.MakeRoom(1)
	g, err := gate.New(line.Settings, sockets, log)
	if err != nil {
		return err
	}
	return serve(ctx, log, conn, line.OrphanGrace, map[string]link.Handler{
		child.MethodFlows: answerFlows(g.Flows),
		child.MethodProxyStarted: func(params json.RawMessage) (any, error) {
			var p child.ProxyStarted
			if err := json.Unmarshal(params, &p); err != nil {
				return nil, fmt.Errorf("read %s: %w", child.MethodProxyStarted, err)
			}
			g.ProxyStarted(p.PID)
			return nil, nil
		},
	}, g.Run)
}
