package supervise

import (
	"context"
	"errors"

	"limpid/appliance/control"
	"limpid/appliance/credential"
)

// Password implements control.Backend.
func (b backend) Password(context.Context) (control.Password, error) {
	hash, err := b.page.store.Password()
	return control.Password{Hash: hash}, err
}

// SetPassword implements control.Backend.
func (b backend) SetPassword(_ context.Context, change control.PasswordChange) error {
	err := b.page.store.SetPassword(change.Old, change.New)
	if errors.Is(err, credential.ErrChanged) {
		return control.Refuse(err)
	}
	if err == nil {
		b.Supervisor.Log.Info("the page's password has been set")
	}
	return err
}
