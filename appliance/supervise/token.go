package supervise

import (
	"context"
	"errors"
	"time"

	"limpid/appliance/control"
	"limpid/appliance/credential"
)

// Tokens implements control.Backend.
func (b backend) Tokens(context.Context) (control.TokenList, error) {
	all, err := b.page.store.Tokens()
	list := control.TokenList{Tokens: make([]control.Token, 0, len(all))}
	for _, t := range all {
		list.Tokens = append(list.Tokens, control.Token(t))
	}
	return list, err
}

// AddToken implements control.Backend.
func (b backend) AddToken(_ context.Context, request control.TokenRequest) (control.Token, error) {
	made, err := b.page.store.AddToken(credential.Token{
		Name: request.Name, Scope: request.Scope, Digest: request.Digest, Made: time.Now().UTC().Truncate(time.Second),
	})
	if err != nil {
		return control.Token{}, askersFault(err)
	}
	b.Supervisor.Log.Info("a token has been made", "name", made.Name, "scope", made.Scope)
	return control.Token(made), nil
}

// RemoveToken implements control.Backend.
func (b backend) RemoveToken(_ context.Context, id string) error {
	err := b.page.store.RemoveToken(id)
	if err == nil {
		b.Supervisor.Log.Info("a token has been revoked", "id", id)
	}
	return askersFault(err)
}

// UseToken implements control.Backend.
func (b backend) UseToken(_ context.Context, id string) error {
	return askersFault(b.page.store.UseToken(id, time.Now().UTC().Truncate(time.Minute)))
}

// askersFault refuses what the asker has to mend.
func askersFault(err error) error {
	for _, theirs := range []error{credential.ErrChanged, credential.ErrUnowned, credential.ErrTokens, credential.ErrTokenName, credential.ErrNoToken} {
		if errors.Is(err, theirs) {
			return control.Refuse(err)
		}
	}
	return err
}
