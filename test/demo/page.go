package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"limpid/image/disk"
)

// The box's own address in the clients' subnet.
const boxAddress = "10.77.0.50"

// boxSettings is what an owner puts on the stick: see docs/boot.md.
const boxSettings = `[bridge]
ports = ["eth0", "eth1"]  # towards the clients, towards the servers
[management]
address = "` + boxAddress + `/24"
`

// putSettings writes limpid.toml to the EFI system partition of the box's disk, from which it is taken over once.
func putSettings(ctx context.Context, image, dir string) error {
	file := filepath.Join(dir, "limpid.toml")
	if err := os.WriteFile(file, []byte(boxSettings), 0o600); err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	out, err := exec.CommandContext(ctx, "mcopy", "-i", fmt.Sprintf("%s@@%d", image, disk.ESPStart), file, "::/").CombinedOutput()
	if err != nil {
		return fmt.Errorf("copy settings to the disk: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// showPage asks for the box's page as a client would: what is for the box itself is not captured.
func (d *demo) showPage(ctx context.Context) error {
	ask := []string{"curl", "-sk", "-o", "/dev/null", "-w", "HTTP %{http_code}, %{size_download} bytes\n", "https://" + boxAddress + "/"}
	// It is up a moment after the address.
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		_, err := d.silently(waiting, d.lab.C1, ask...)
		if err == nil {
			break
		}
		select {
		case <-waiting.Done():
			return fmt.Errorf("wait for the box's page: %w", err)
		case <-time.After(time.Second):
		}
	}
	_, err := d.client(ctx, d.lab.C1, ask...)
	return err
}

// forwardPage lets browsers of this machine reach the page, which is in a network of its own: on a port of the loopback
// interface, until ctx ends.
func (d *demo) forwardPage(ctx context.Context) (url string, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("forward the page: %w", err)
	}
	context.AfterFunc(ctx, func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go d.forward(ctx, conn)
		}
	}()
	return "https://" + listener.Addr().String() + "/", nil
}

// forward carries one connection to the page.
func (d *demo) forward(ctx context.Context, here net.Conn) {
	defer here.Close()
	there, err := d.lab.C1.Dial(ctx, "tcp", "", boxAddress+":443")
	if err != nil {
		return
	}
	defer there.Close()
	stop := context.AfterFunc(ctx, func() { _ = errors.Join(here.Close(), there.Close()) })
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(there, here) // either end may end it
		_ = there.CloseWrite()
	}()
	_, _ = io.Copy(here, there)
	here.Close()
	<-done
}
