package supervise

import (
	"context"
	"errors"

	"limpid/appliance/control"
)

// Password implements control.Backend.
func (b backend) Password(context.Context) (control.Password, error) {
	hash, err := b.page.store.Password()
	reader, readerErr := b.page.store.Reader()
	return control.Password{Hash: hash, Reader: reader}, errors.Join(err, readerErr)
}

// SetPassword implements control.Backend.
func (b backend) SetPassword(_ context.Context, change control.PasswordChange) error {
	err := b.page.store.SetPassword(change.Old, change.New)
	if err == nil {
		b.Supervisor.Log.Info("the page's password has been set")
	}
	return askersFault(err)
}

// SetStarted implements control.Backend.
func (b backend) SetStarted(_ context.Context, started bool) error {
	return b.page.store.SetStarted(started)
}

// SetReader implements control.Backend.
func (b backend) SetReader(_ context.Context, change control.PasswordChange) error {
	err := b.page.store.SetReader(change.Old, change.New)
	if err == nil {
		b.Supervisor.Log.Info("the page's second password has been set or removed", "there", change.New != "")
	}
	return askersFault(err)
}
