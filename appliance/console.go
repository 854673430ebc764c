package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"limpid/appliance/boot"
	"limpid/appliance/console"
	"limpid/appliance/control"
)

func consoleCommand() command {
	return command{name: "console", usage: "[--run DIR] TTY", summary: "Show the status screen on a terminal of the box",
		run: runConsole, hidden: true}
}

func runConsole(ctx context.Context, _ terminal, args []string) error {
	set := newFlags("console")
	dir := runFlag(set)
	rest, err := parse(set, args, "TTY")
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	client := control.NewClient(*dir)
	defer client.Close()
	return console.Run(ctx, console.Options{
		Path: rest[0], RunDir: *dir, Version: version, Actions: keys{client}, Addresses: ownAddresses,
	})
}

// keys does what the console's keys say.
type keys struct{ *control.Client }

// Bypass implements console.Actions.
func (k keys) Bypass(ctx context.Context, on bool) error {
	_, err := k.SetBypass(ctx, on, 0)
	return err
}

// Reboot implements console.Actions.
func (keys) Reboot() error { return askInit(syscall.SIGINT) }

// PowerOff implements console.Actions.
func (keys) PowerOff() error { return askInit(syscall.SIGUSR2) }

// ResetNetwork implements console.Actions.
func (keys) ResetNetwork() error {
	if err := boot.ResetNetwork(); err != nil {
		return err
	}
	return askInit(syscall.SIGHUP)
}

// ResetAll implements console.Actions.
func (keys) ResetAll() error {
	if err := boot.ResetAll(); err != nil {
		return err
	}
	return askInit(syscall.SIGHUP)
}

// ResetPassword implements console.Actions.
func (keys) ResetPassword() (bool, error) { return boot.ResetPassword() }

func askInit(s syscall.Signal) error {
	if err := syscall.Kill(1, s); err != nil {
		return fmt.Errorf("ask process 1: %w", err)
	}
	return nil
}

// ownAddresses lists the addresses by which the box can be reached.
func ownAddresses() []string {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	var found []string
	for _, i := range interfaces {
		addresses, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() {
				found = append(found, n.String()+" on "+i.Name)
			}
		}
	}
	slices.Sort(found)
	return found
}
