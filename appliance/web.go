package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"syscall"

	"limpid/appliance/boot"
	"limpid/appliance/child"
	"limpid/appliance/control"
	"limpid/appliance/link"
	"limpid/appliance/supervise"
	"limpid/web"
)

// webLine is the first line on the page's link.
type webLine struct {
	lead
	web.Settings
	RunDir string `json:"run_dir"` // of the control socket
	// HandedOn is what the page's process before has said of its sessions: nobody else
	// reads it.
	HandedOn json.RawMessage `json:"handed_on,omitempty"`
}

// webLineOf leaves no time without a supervisor: there is nothing to serve then.
func webLineOf(p supervise.Page, runDir string) webLine {
	return webLine{
		Settings: web.Settings{Listen: p.Listen, Chain: p.Certificate.Chain, Key: p.Certificate.Key},
		RunDir:   runDir, HandedOn: p.HandedOn,
	}
}

func webCommand() command {
	return command{name: "web", summary: "The process that serves the web page; supervise starts it", hidden: true, run: runWeb}
}

func runWeb(ctx context.Context, t terminal, args []string) error {
	if _, err := parse(newFlags("web"), args); err != nil {
		return err
	}
	debug.SetGCPercent(boot.SmallHeap)
	var line webLine
	conn, err := enter(&line, child.WebListenFD)
	if err != nil {
		return err
	}
	if err := child.Unprivileged(); err != nil {
		return err
	}
	if err := child.WebBounds().Set(); err != nil {
		return err
	}
	listeners, err := adoptListeners(line.Listen)
	if err != nil {
		return err
	}
	client := control.NewClient(line.RunDir)
	defer client.Close()
	log := newChildLog(t.err)
	if err := json.Unmarshal(line.HandedOn, &line.Sessions); err != nil && len(line.HandedOn) > 0 {
		log.Warn("what was handed on of sessions cannot be read: everybody logs in again", "error", err)
	}
	page, err := web.New(line.Settings, client, log)
	if err != nil {
		return cannotRun{err}
	}
	handlers := map[string]link.Handler{child.MethodPing: func(json.RawMessage) (any, error) { return struct{}{}, nil }}
	return serve(ctx, log, conn, line.OrphanGrace, handlers, func(ctx context.Context) error {
		handing, stop := context.WithCancel(ctx)
		var telling sync.WaitGroup
		telling.Go(func() {
			page.HandOn(handing, func(all []web.Session) error { return conn.Notify(child.MethodSessions, all) })
		})
		err := page.Serve(ctx, listeners)
		stop()
		telling.Wait()
		return err
	})
}

// adoptListeners takes over the listening sockets, in the order of their names.
func adoptListeners(names []string) ([]net.Listener, error) {
	var listeners []net.Listener
	for i, name := range names {
		syscall.CloseOnExec(child.WebListenFD + i)
		file := os.NewFile(uintptr(child.WebListenFD+i), name)
		listener, err := net.FileListener(file)
		_ = file.Close() // it is a copy that listens
		if err != nil {
			return nil, fmt.Errorf("listen on %s: %w", name, err)
		}
		listeners = append(listeners, listener)
	}
	return listeners, nil
}
