package boot

import (
	"context"
	"errors"
	"fmt"

	"limpid/appliance/control"
	"limpid/appliance/slots"
	"limpid/appliance/update"
)

// bootEnv is the choice between the slots, on the EFI system partition.
const bootEnv = slots.File(espDir + "/" + slots.Path)

// countBoot takes this boot off what the running slot has left, where GRUB could not.
func (b *Box) countBoot() error {
	running, ok := b.cmdline.slot()
	if !ok {
		return nil
	}
	_, err := bootEnv.Count(running)
	if errors.Is(err, slots.ErrUnreadable) {
		return fmt.Errorf("%w: the next boot that proves healthy writes it anew", err)
	}
	return err
}

// judgeFirmware watches the firmware that was booted until it has proved healthy,
// and is committed; a try that does not is ended by a reboot into the other slot.
func (b *Box) judgeFirmware(ctx context.Context) {
	running, ok := b.cmdline.slot()
	if !ok {
		return
	}
	client := control.NewClient(RunDir)
	defer client.Close()
	gate := update.Gate{
		Running: running, Boot: bootEnv, Health: update.Health(client), Log: b.log,
		Reboot: func(context.Context) error {
			b.request(Ending{Kind: Reboot, Why: "firmware slot " + running.String() + " does not get healthy"})
			return nil
		},
	}
	if gate.Run(ctx) == update.Committed {
		b.alarm("slots", nil)
	}
}
