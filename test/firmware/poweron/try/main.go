// Command try has the box try other ports for 30 s, by its control API, and returns when they are in effect; with -keep
// when they are confirmed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"limpid/appliance/control"
)

func main() {
	keep := flag.Bool("keep", false, "confirm them")
	flag.Parse()
	if err := try(flag.Arg(0), flag.Arg(1), *keep); err != nil {
		fmt.Println("not tried:", err)
		os.Exit(1)
	}
}

func try(lan, wan string, keep bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := control.NewClient("/run/limpid")
	defer client.Close()
	now, err := client.Settings(ctx)
	if err != nil {
		return err
	}
	fresh, err := client.EditSettings(ctx, control.SettingsEdit{Text: now.Text, Set: map[string]string{"bridge.ports": fmt.Sprintf("[%q, %q]", lan, wan)}})
	if err != nil {
		return err
	}
	applied, err := client.ApplySettings(ctx, control.SettingsChange{Text: fresh.Text, Who: "the test", Window: control.Duration(30 * time.Second)})
	if err != nil {
		return err
	}
	for ; ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		s, err := client.Status(ctx)
		if err != nil || s.Wire.LAN.Name != lan || s.Wire.WAN.Name != wan {
			continue
		}
		if !keep {
			return nil
		}
		if _, err := client.ConfirmSettings(ctx, applied.Token); err == nil {
			return nil
		}
	}
	return ctx.Err()
}
