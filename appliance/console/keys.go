package console

import (
	"context"
)

// Actions is what keys do. Each error is for the person at the keys.
type Actions interface {
	Bypass(ctx context.Context, on bool) error
	Reboot() error
	PowerOff() error
	// ResetNetwork gives the box its first management address again: by DHCP.
	ResetNetwork() error
	// ResetPassword forgets the page's password, and says whether there was one.
	ResetPassword() (bool, error)
	// ResetAll begins a factory reset.
	ResetAll() error
}

// Key is a key that does something.
type Key struct {
	Char  byte
	Name  string // on the last line
	Sure  string // what is asked before; empty: nothing
	do    func(ctx context.Context, a Actions) (told string, err error)
	shell bool // hands the terminal to a shell
	reset bool // takes something back to what it was: named together
}

// Keys are those that do something now.
func Keys(k Known) []Key {
	var keys []Key
	if k.Status != nil {
		on := !k.Status.Bypass.On
		name := "bypass"
		if !on {
			name = "end bypass"
		}
		keys = append(keys, Key{Char: 'b', Name: name, do: func(ctx context.Context, a Actions) (string, error) {
			return "", a.Bypass(ctx, on)
		}})
	}
	if k.Box == nil {
		return keys // all others ask process 1, which is not limpid's
	}
	keys = append(keys,
		Key{Char: 'n', Name: "network", reset: true, Sure: "Ask for the box's own address by DHCP again?", do: func(_ context.Context, a Actions) (string, error) {
			return "The box asks for an address by DHCP.", a.ResetNetwork()
		}},
		Key{Char: 'p', Name: "password", reset: true, Sure: "Forget the password of the page?", do: resetPassword},
		Key{Char: 'f', Name: "all", reset: true, Sure: "Forget all settings, passwords, history and logs? The wire goes on.", do: func(_ context.Context, a Actions) (string, error) {
			return "Factory reset: the box begins anew, with another certificate, by DHCP.", a.ResetAll()
		}},
		Key{Char: 'r', Name: "restart", Sure: "Restart the box? The wire is cut for as long as that takes.", do: func(_ context.Context, a Actions) (string, error) {
			return "Restarting.", a.Reboot()
		}},
		Key{Char: 'o', Name: "off", Sure: "Switch the box off? The wire is cut.", do: func(_ context.Context, a Actions) (string, error) {
			return "Switching off.", a.PowerOff()
		}},
	)
	if k.Box.Shell {
		keys = append(keys, Key{Char: 's', Name: "shell", shell: true})
	}
	return keys
}

func resetPassword(_ context.Context, a Actions) (string, error) {
	was, err := a.ResetPassword()
	if !was {
		return "No password is set.", err
	}
	return "The password is forgotten: set a new one on the page.", err
}
