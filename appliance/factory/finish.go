package factory

import (
	"context"
	"fmt"
	"path/filepath"

	"limpid/appliance/durable"
)

// Place is what whoever finishes a reset knows by itself.
type Place struct {
	Settings string   // path of the file
	LogUser  uint32   // whom files of the access log belong to
	More     []string // paths of other files that go
}

// Finish does the reset that was asked for beside the settings, if there is one, and
// gives it; nil: there is none. After an error it stays asked for.
func Finish(ctx context.Context, p Place) (*Request, error) {
	r, err := Asked(p.Settings)
	if r == nil {
		return nil, err
	}
	for _, s := range r.steps(p) {
		// One that fails keeps the next from its turn: while something of the owner
		// before is left, so is the password.
		err := ctx.Err()
		if err == nil {
			err = s.do()
		}
		if err != nil {
			return r, fmt.Errorf("factory reset: %s: %w: it is tried again at the next start", s.what, err)
		}
	}
	return r, nil
}

// step is one thing that goes. Done again it does nothing.
type step struct {
	what string
	do   func() error
}

// credentialFiles are what goes of the folder of credentials, the password last: as
// long as it is there nobody else can set one. The seed of random numbers stays, as
// new keys are made of it, and so does "taken": a stick that was forgotten in the box
// would bring its settings back.
func credentialFiles() []string {
	return []string{"history", "started", "tokens", "reader", "certificate.pem", "password"}
}

// steps are the reset, in order. The request goes last: it alone says where the logs are.
func (r *Request) steps(p Place) []step {
	var all []step
	for _, dir := range r.Logs {
		all = append(all, step{"remove the log in " + dir, func() error { return removeLogs(dir, p.LogUser) }})
	}
	remove := func(path string) {
		all = append(all, step{"remove " + filepath.Base(path), func() error { return removeFile(path) }})
	}
	all = append(all, step{"remove the history of the settings", func() error { return removeFolder(p.Settings + ".history") }})
	remove(p.Settings + ".trial")
	for _, path := range p.More {
		remove(path)
	}
	if r.Credentials != "" {
		for _, name := range credentialFiles() {
			remove(filepath.Join(r.Credentials, name))
		}
	}
	if r.Settings == "" {
		remove(p.Settings)
	} else {
		all = append(all, step{"write the settings", func() error { return durable.Replace(p.Settings, []byte(r.Settings), 0o600) }})
	}
	return append(all, step{"end", func() error { return durable.Remove(requestPath(p.Settings)) }})
}
