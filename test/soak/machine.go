package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"limpid/test/lab"
	"limpid/test/vm"
)

// inGuest is where the limpid under test lies in the machine.
const inGuest = "/usr/local/bin/limpid"

// guestMemory is for some 50,000 sockets and both programs, in MiB.
const guestMemory = 7168

// runInVM runs this same program in a virtual machine.
func runInVM(ctx context.Context, o settings, out io.Writer) error {
	dir, err := os.MkdirTemp("", "limpid-soak-")
	if err != nil {
		return fmt.Errorf("make a directory for limpid: %w", err)
	}
	defer os.RemoveAll(dir)
	limpid, err := lab.Binary(ctx, dir)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	args := []string{
		"-connections", fmt.Sprint(o.connections), "-addresses", fmt.Sprint(o.addresses), "-for", o.soak.String(), "-warm", o.warm.String(),
		"-warm-connections", fmt.Sprint(o.warmers), "-handshake", o.handshake, "-flow-timeout", o.flowTimeout.String(),
		"-rate", fmt.Sprint(o.rate), "-open", fmt.Sprint(o.openRate), "-large", fmt.Sprint(o.large), "-patience", o.patience.String(), "-seed", fmt.Sprint(o.seed),
	}
	// Opening and closing, in three rounds, and what must come to rest after each.
	around := 6*time.Duration(float64(o.connections)/o.openRate*float64(time.Second)) + 4*o.patience + 15*time.Minute
	result, err := vm.Run(ctx, vm.Spec{
		Memory: guestMemory, Binary: self, Args: args, Programs: []string{"ip", "nft"},
		Files: map[string]string{inGuest: limpid}, Env: []string{lab.EnvBinary + "=" + inGuest},
		Timeout: 2*o.soak + around, Output: out, Log: slog.New(slog.NewTextHandler(out, nil)),
	})
	if err != nil {
		return err
	}
	if result.Exit != 0 {
		return fmt.Errorf("the run in the virtual machine ended with status %d %s: see above", result.Exit, result.Signal)
	}
	return nil
}
