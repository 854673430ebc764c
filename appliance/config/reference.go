package config

import _ "embed" // for reference.toml

//go:embed reference.toml
var reference string

// Reference returns the reference configuration: every key with its default and what it does. Only bridge.ports, which
// has no default, is an example. Parse accepts it.
func Reference() []byte { return []byte(reference) }
