package config

import (
	"bytes"
	"fmt"
	"net/netip"

	"github.com/BurntSushi/toml"
)

// TOML writes the configuration out in full, every key, without comments. Parse reads the same Config from it.
func (c *Config) TOML() ([]byte, error) {
	// Management has two fields for one key; the rest encodes as it is. The encoder leaves nil slices out, which would
	// read back as the default: Default and Parse make none.
	type management struct {
		Address   string       `toml:"address"`
		Gateway   string       `toml:"gateway"`
		DNS       []netip.Addr `toml:"dns"`
		NTP       []string     `toml:"ntp"`
		Timezone  string       `toml:"timezone"`
		Interface string       `toml:"interface"`
		VLAN      uint16       `toml:"vlan"`
	}
	m := management{addressText(c.Management), "", c.Management.DNS, c.Management.NTP, c.Management.Timezone, c.Management.Interface, c.Management.VLAN}
	if c.Management.Gateway.IsValid() {
		m.Gateway = c.Management.Gateway.String()
	}
	var b bytes.Buffer
	encoder := toml.NewEncoder(&b)
	encoder.Indent = ""
	err := encoder.Encode(struct {
		Bridge     Bridge     `toml:"bridge"`
		Management management `toml:"management"`
		Intercept  Intercept  `toml:"intercept"`
		Proxy      Proxy      `toml:"proxy"`
		Cache      Cache      `toml:"cache"`
		Rules      Rules      `toml:"rules"`
		Watchdog   Watchdog   `toml:"watchdog"`
		Web        Web        `toml:"web"`
		Log        Log        `toml:"log"`
		Console    Console    `toml:"console"`
	}{c.Bridge, m, c.Intercept, c.Proxy, c.Cache, c.Rules, c.Watchdog, c.Web, c.Log, c.Console})
	if err != nil {
		return nil, fmt.Errorf("encode the configuration: %w", err)
	}
	return b.Bytes(), nil
}

// addressText is management.address as the file has it.
func addressText(m Management) string {
	switch {
	case m.DHCP:
		return "dhcp"
	case m.Address.IsValid():
		return m.Address.String()
	default:
		return "none"
	}
}
