package supervise

import (
	"context"
	"errors"
	"io"
	"time"

	"limpid/appliance/control"
)

// errNoSlots refuses updates where there is nothing to write them to.
var errNoSlots = control.Refuse(errors.New("update: this limpid does not run from a firmware slot: replace the program, or flash the box with an image"))

// Update implements control.Updater.
func (b backend) Update(ctx context.Context) (control.Update, error) {
	if b.Updates == nil {
		return control.Update{Version: b.Version, Board: b.Board, Phase: control.UpdateIdle}, nil
	}
	return b.Updates.Update(ctx)
}

// Upload implements control.Updater.
func (b backend) Upload(ctx context.Context, upload control.Upload, body io.Reader) error {
	if b.Updates == nil {
		return errNoSlots
	}
	return b.Updates.Upload(ctx, upload, body)
}

// GoBack implements control.Updater.
func (b backend) GoBack(ctx context.Context) error {
	if b.Updates == nil {
		return errNoSlots
	}
	return b.Updates.GoBack(ctx)
}

// Reboot implements control.Updater.
func (b backend) Reboot(ctx context.Context) error {
	if b.Updates == nil {
		return errNoSlots
	}
	return b.Updates.Reboot(ctx)
}

// PlanReboot implements control.Updater.
func (b backend) PlanReboot(ctx context.Context, at time.Time) error {
	if b.Updates == nil {
		return errNoSlots
	}
	return b.Updates.PlanReboot(ctx, at)
}
