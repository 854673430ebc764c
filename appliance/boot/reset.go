package boot

import (
	"errors"
	"fmt"
	"os"

	"limpid/appliance/config"
	"limpid/appliance/durable"
)

// PasswordPath is where the page's password is kept, by whoever sets one.
const PasswordPath = configDir + "/password"

// ResetNetwork gives the settings the management section that a new box has. It is
// for process 1's own consoles; the box takes it over when process 1 is sent SIGHUP.
// Settings that cannot be read are replaced by the last good ones, which then run, or
// by the defaults: nobody could reach the box to mend them.
func ResetNetwork() error { return resetNetwork(settingsPath, goodPath) }

func resetNetwork(path, good string) error {
	c, err := config.Load(path)
	if err != nil {
		c, err = config.Load(good)
	}
	if err != nil {
		// Forced to the disk: settings that come back after a power cut would keep the box out of reach.
		if err := durable.Remove(path); err != nil {
			return fmt.Errorf("reset network: %w", err)
		}
		return nil
	}
	zone := c.Management.Timezone // nobody is cut off by it
	c.Management = config.Default().Management
	c.Management.Timezone = zone
	text, err := c.TOML()
	if err != nil {
		return err
	}
	// What it says together must be valid too: "inbound" wants an address, and has one.
	if _, err := config.Parse(path, text); err != nil {
		return fmt.Errorf("reset network: %w", err)
	}
	return durable.Replace(path, text, 0o600)
}

// ResetPassword forgets the page's password, and says whether there was one.
func ResetPassword() (bool, error) { return resetPassword(PasswordPath) }

func resetPassword(path string) (bool, error) {
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	// Forced to the disk: a password that somebody has forgotten must not come back with a power cut.
	if err := durable.Remove(path); err != nil {
		return false, fmt.Errorf("reset password: %w", err)
	}
	return true, nil
}
