package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// Values gives every key with its value as TOML would have it, on one line: "proxy.port" is "8080".
func (c *Config) Values() (map[string]string, error) {
	text, err := c.TOML()
	if err != nil {
		return nil, err
	}
	var sections map[string]map[string]any
	if _, err := toml.Decode(string(text), &sections); err != nil {
		return nil, fmt.Errorf("read back the configuration: %w", err)
	}
	times := durations()
	values := make(map[string]string)
	for section, keys := range sections {
		for key, value := range keys {
			path := join(section, key)
			if d, ok := times[path]; ok {
				value = brief(d(c))
			}
			values[path] = literal(value)
		}
	}
	return values, nil
}

// durations are the keys that hold one: the library writes "1m0s" where everybody, the reference too, writes "1m".
func durations() map[string]func(*Config) time.Duration {
	all := make(map[string]func(*Config) time.Duration)
	for section := range reflect.TypeFor[Config]().Fields() {
		for key := range section.Type.Fields() {
			if key.Type == reflect.TypeFor[time.Duration]() {
				all[join(section.Tag.Get("toml"), key.Tag.Get("toml"))] = func(c *Config) time.Duration {
					v := reflect.ValueOf(c).Elem().FieldByIndex(section.Index).FieldByIndex(key.Index)
					return time.Duration(v.Int())
				}
			}
		}
	}
	return all
}

// literal writes a value that was decoded from TOML.
func literal(value any) string {
	switch v := value.(type) {
	case string:
		return quoteTOML(v)
	case []any:
		return list(v)
	case []map[string]any:
		return list(v)
	case map[string]any:
		var pairs []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			pairs = append(pairs, join("", key)+" = "+literal(v[key]))
		}
		return "{" + strings.Join(pairs, ", ") + "}"
	}
	return fmt.Sprint(value) // a number or a truth value: the schema has no dates
}

func list[T any](values []T) string {
	texts := make([]string, 0, len(values))
	for _, v := range values {
		texts = append(texts, literal(v))
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// quoteTOML writes a basic string (TOML 1.0, "String"). Go's escapes are TOML's but for those of single bytes, and a
// string that came from TOML is UTF-8.
func quoteTOML(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f || !strconv.IsPrint(r):
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}

// Difference is a key that two configurations have different values for.
type Difference struct{ Key, Old, New string }

// Differences tells what changes from old to fresh, in the order of the reference.
func Differences(old, fresh *Config) ([]Difference, error) {
	before, err := old.Values()
	if err != nil {
		return nil, err
	}
	after, err := fresh.Values()
	if err != nil {
		return nil, err
	}
	var all []Difference
	for _, key := range Keys() {
		if before[key.Path] != after[key.Path] {
			all = append(all, Difference{key.Path, before[key.Path], after[key.Path]})
		}
	}
	return all, nil
}
