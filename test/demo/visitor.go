package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"limpid/test/lab"
)

// emptyFile, in the clients' directory, stands for a program's own settings.
const emptyFile = "empty"

// makeHome makes the clients' directory.
func (d *demo) makeHome() error {
	d.home = filepath.Join(d.lab.Dir(), "visitor")
	err := os.Mkdir(d.home, 0o755)
	if err == nil {
		err = errors.Join(
			os.WriteFile(filepath.Join(d.home, endsFile), []byte(endsFormat), 0o644),
			os.WriteFile(filepath.Join(d.home, emptyFile), nil, 0o644),
		)
	}
	if err != nil {
		return fmt.Errorf("make the clients' directory: %w", err)
	}
	return nil
}

// client runs a program on a host of the lab as a visitor would type it, shows
// both, and returns what it printed. Nothing of this machine's settings (a
// proxy, a curlrc) reaches it.
func (d *demo) client(ctx context.Context, host *lab.Node, args ...string) (string, error) {
	d.screen.prompt(host.Name, args...)
	out, err := d.silently(ctx, host, args...)
	d.screen.output(out)
	return out, err
}

// silently is client without showing anything. The error ends with the last
// lines of what the program printed, where most say what was wrong.
func (d *demo) silently(ctx context.Context, host *lab.Node, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := host.Command(ctx, args[0], args[1:]...)
	cmd.Dir = d.home
	// Built from nothing: http_proxy and its like would lead past the wire.
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + d.home, "LC_ALL=C",
		"SYSTEM_WGETRC=" + filepath.Join(d.home, emptyFile), "APT_CONFIG=" + lab.AptConfigPath(d.home),
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("run %s on %s: %w: %s", args[0], host.Name, err, strings.TrimSpace(lastLines(string(out), 3)))
	}
	return string(out), nil
}
