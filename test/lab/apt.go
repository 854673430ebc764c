package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// AptConfigPath is where WriteAptConfig writes: the value for APT_CONFIG.
func AptConfigPath(home string) string { return filepath.Join(home, "apt.conf") }

// WriteAptConfig gives apt a world of its own below home/apt: with Dir set
// there, nothing below /etc/apt and /var/lib is read or written. base is the
// URL of a repository that MakeRepository made.
func WriteAptConfig(home, base string) error {
	dir := filepath.Join(home, "apt")
	// What apt would miss when it starts from nothing; the empty list of
	// installed packages too.
	for _, folder := range []string{
		"etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/sources.list.d",
		"var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/lib/dpkg",
	} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			return fmt.Errorf("prepare apt: %w", err)
		}
	}
	// APT_CONFIG is read first, so that Dir decides where apt looks for the
	// rest: the machine's own proxies and hooks are not found.
	config := fmt.Sprintf(`Dir %q;
Dir::State "var/lib/apt";
Dir::State::status "var/lib/dpkg/status";
Dir::Cache "var/cache/apt";
Dir::Etc "etc/apt";
Dir::Log "/dev/null";
# It drops to a user who could not write here; inside the lab there is no need.
APT::Sandbox::User "root";
# Just the list of packages.
Acquire::Languages "none";
Acquire::Retries "0";
`, dir+"/")
	err := errors.Join(
		os.WriteFile(AptConfigPath(home), []byte(config), 0o644),
		os.WriteFile(filepath.Join(dir, "var/lib/dpkg/status"), nil, 0o644),
		os.WriteFile(filepath.Join(dir, "etc/apt/sources.list"), []byte(AptSource(base)+"\n"), 0o644),
	)
	if err != nil {
		return fmt.Errorf("prepare apt: %w", err)
	}
	return nil
}

// AptSource is the line for sources.list.
func AptSource(base string) string { return "deb [trusted=yes] " + base + " ./" }
