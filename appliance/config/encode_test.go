package config

import (
	"reflect"
	"testing"
)

// TestEncode reads back what was written, for the defaults, for everything else, and for lists emptied on purpose.
func TestEncode(t *testing.T) {
	for name, c := range map[string]*Config{
		"defaults": parsed(t, ""),
		"every":    every(),
		"emptied":  parsed(t, "web.listen = []\nmanagement.address = \"none\"\ncache.ram = 1025"),
	} {
		t.Run(name, func(t *testing.T) {
			text, err := c.TOML()
			if err != nil {
				t.Fatal(err)
			}
			back, err := Parse("limpid.toml", text)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if !reflect.DeepEqual(back, c) {
				t.Errorf("got\n%+v\nwant\n%+v\n%s", back, c, text)
			}
		})
	}
}

// TestEncodeHasEveryKey holds the section that is written by hand, and all others, against the schema.
func TestEncodeHasEveryKey(t *testing.T) {
	text, err := every().TOML()
	if err != nil {
		t.Fatal(err)
	}
	at := locate(string(text))
	for _, key := range schemaKeys() {
		if at.lines[key] == 0 {
			t.Errorf("%s is not written", key)
		}
	}
}

// schemaKeys lists the key paths of the schema, without those inside intercept.bypass.
func schemaKeys() []string {
	var paths []string
	sections := reflect.TypeFor[Config]()
	for i, name := range keysOf(sections) {
		for _, key := range keysOf(sections.Field(i).Type) {
			paths = append(paths, name+"."+key)
		}
	}
	return paths
}
