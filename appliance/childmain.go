package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"limpid/appliance/child"
	"limpid/appliance/link"
	"limpid/appliance/supervise"
	"limpid/proxy/scoreboard"
)

// lead is the part of a child's settings that all children share.
type lead struct {
	// OrphanGrace is how long to go on without a supervisor, in nanoseconds.
	OrphanGrace time.Duration `json:"orphan_grace"`
	// IPv6 says that the descriptors for it are there. The number of one that is
	// not may be taken by the Go runtime before anybody looks.
	IPv6 bool `json:"ipv6"`
}

func leadOf(t supervise.Told) lead { return lead{OrphanGrace: t.Grace, IPv6: t.Config.Intercept.IPv6} }

// cannotRun is an error that a child would meet again when it is started again.
type cannotRun struct{ error }

// enter does what every child does first and returns its link, the settings read.
func enter(settings any, last int, optional ...int) (*link.Conn, error) {
	// A log nobody reads any longer must not end the process.
	signal.Ignore(syscall.SIGPIPE)
	if err := child.Adopt(last, optional...); err != nil {
		return nil, err
	}
	if err := child.Confine(); err != nil {
		return nil, err
	}
	conn, err := link.Open(child.LinkFD)
	if err != nil {
		return nil, err
	}
	if err := conn.ReadSettings(settings); err != nil {
		return nil, err
	}
	return conn, nil
}

// serve runs work until it fails, a signal comes, or the supervisor has been
// gone for grace. Requests of the supervisor are answered by handlers.
func serve(ctx context.Context, log *slog.Logger, conn *link.Conn, grace time.Duration, handlers map[string]link.Handler, work func(context.Context) error) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := conn.Run(handlers); err != nil {
			log.Error("control link", "error", err)
		}
		if ctx.Err() == nil {
			log.Warn("the supervisor has ended", "going_on_for", grace)
		}
		select {
		case <-ctx.Done():
		case <-time.After(grace):
			stop()
		}
	})
	err := work(ctx)
	stop()
	_ = conn.Close()
	wg.Wait()
	return err
}

// openBoard maps an inherited scoreboard.
func openBoard(fd int, name string) (*scoreboard.Board, error) {
	file := os.NewFile(uintptr(fd), name)
	defer file.Close()
	return scoreboard.Open(file)
}

// answerFlows makes the handler of child.MethodFlows.
func answerFlows[F any](list func(stop <-chan struct{}) []F) link.Handler {
	return func(params json.RawMessage) (any, error) {
		var query child.FlowQuery
		if err := json.Unmarshal(params, &query); err != nil {
			return nil, fmt.Errorf("read %s: %w", child.MethodFlows, err)
		}
		stop := make(chan struct{})
		timer := time.AfterFunc(flowsTimeout, func() { close(stop) })
		defer timer.Stop()
		all := list(stop)
		text, err := json.Marshal(all[:min(len(all), max(query.Limit, 0), maxFlows)])
		if err != nil {
			return nil, fmt.Errorf("encode flows: %w", err)
		}
		return child.FlowPage{Flows: text, Total: len(all)}, nil
	}
}

const (
	// flowsTimeout bounds how long a list of flows is waited for.
	flowsTimeout = 400 * time.Millisecond
	// maxFlows keeps a list within one message of the link.
	maxFlows = 8000
)
