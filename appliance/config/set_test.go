package config

import (
	"reflect"
	"strings"
	"testing"
)

func TestSet(t *testing.T) {
	for name, c := range map[string]struct{ source, path, value, want string }{
		"a value": {"[proxy]\nport = 8080 # why\nvia = false\n", "proxy.port", "9090", "[proxy]\nport = 9090 # why\nvia = false\n"},
		"a list over lines": {
			"[bridge]\nports = [ # two\n  \"eth0\",\n  \"eth1\", # servers\n]\nname = \"br0\"\n", "bridge.ports", `["a", "b"]`,
			"[bridge]\nports = [\"a\", \"b\"]\nname = \"br0\"\n",
		},
		"a long string":         {"[bridge]\nname = \"\"\"br\n\"\"\"\r\n", "bridge.name", `"br1"`, "[bridge]\nname = \"br1\"\r\n"},
		"a key that was not":    {"[proxy] # here\nvia = false\n", "proxy.port", "9090", "[proxy] # here\nport = 9090\nvia = false\n"},
		"the last section":      {"[proxy]", "proxy.port", "9090", "[proxy]\nport = 9090"},
		"a section that is not": {"# mine\n[proxy]\nport = 1", "web.listen", `[":443"]`, "# mine\n[proxy]\nport = 1\n\n[web]\nlisten = [\":443\"]\n"},
		"nothing":               {"", "web.listen", `[":443"]`, "\n[web]\nlisten = [\":443\"]\n"},
		"with dots":             {"bridge.name = \"a\"\n\n[proxy]\nport = 1\n", "bridge.name", `"b"`, "bridge.name = \"b\"\n\n[proxy]\nport = 1\n"},
		"beside dots":           {"bridge.name = \"a\"\n[proxy]\nport = 1\n", "bridge.vlans", "[7]", "bridge.vlans = [7]\nbridge.name = \"a\"\n[proxy]\nport = 1\n"},
		"inside a line":         {"bridge = {name = \"a\", ports = []}\n", "bridge.name", `"b"`, "bridge = {name = \"b\", ports = []}\n"},
	} {
		if got, err := Set(c.source, c.path, c.value); err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
		}
	}
	for name, c := range map[string]struct{ source, path, value, says string }{
		"no such key":       {"", "proxy.prot", "1", "no such key"},
		"no section":        {"", "proxy", "1", "no such key"},
		"no value":          {"[proxy]\nport = 1\n", "proxy.port", "", "no value of TOML"},
		"two values":        {"[proxy]\nport = 1\n", "proxy.port", "1 2", "no value of TOML"},
		"another key too":   {"[proxy]\nport = 1\n", "proxy.port", "1\nvia = true", "edit it as TOML"},
		"another section":   {"[proxy]\nport = 1\n", "proxy.port", "1\n[web]\nlisten = []", "edit it as TOML"},
		"a comment at last": {"[bridge]\nports = [\"a\"]\n", "bridge.ports", "[] #", ""},
		"no TOML":           {"[proxy", "proxy.port", "1", "is no TOML"},
		"beside a line":     {"bridge = {name = \"a\"}\n", "bridge.vlans", "[7]", "no value of TOML"},
	} {
		_, err := Set(c.source, c.path, c.value)
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// Each key of the reference can be set to its default, which leaves the reference as it is; and to that in an empty file.
func TestSetEveryKey(t *testing.T) {
	keys := Keys()
	var paths []string
	all := ""
	for _, k := range keys {
		paths = append(paths, k.Path)
		if k.Help == "" || strings.Contains(k.Help, "# ") {
			t.Errorf("%s is explained by %q", k.Path, k.Help)
		}
		if got, err := Set(reference, k.Path, k.Default); err != nil || got != reference {
			t.Errorf("%s: %v, and the reference is another", k.Path, err)
		}
		var err error
		if all, err = Set(all, k.Path, k.Default); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(paths, schemaKeys()) {
		t.Errorf("keys %v, want %v", paths, schemaKeys())
	}
	a, err := Parse("all", []byte(all))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Parse("reference", Reference())
	if err != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("%v: key by key it is %+v, want %+v", err, a, b)
	}
}

// Who has changed nothing is shown nothing but defaults.
func TestDefaultsAreValues(t *testing.T) {
	c, err := Parse("reference", Reference())
	if err != nil {
		t.Fatal(err)
	}
	values, err := c.Values()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range Keys() {
		if values[k.Path] != k.Default {
			t.Errorf("%s is %s, and by default %s", k.Path, values[k.Path], k.Default)
		}
	}
}

func TestValues(t *testing.T) {
	c := every()
	values, err := c.Values()
	if err != nil {
		t.Fatal(err)
	}
	// Written key by key it is the same configuration.
	text := ""
	for _, k := range Keys() {
		value, ok := values[k.Path]
		if !ok {
			t.Fatalf("%s has no value", k.Path)
		}
		if strings.Contains(value, "\n") {
			t.Errorf("%s is %q", k.Path, value)
		}
		if text, err = Set(text, k.Path, value); err != nil {
			t.Fatal(err)
		}
	}
	back, err := Parse("back", []byte(text))
	if err != nil || !reflect.DeepEqual(back, c) {
		t.Errorf("%v\n%s\ngot %+v\nwant %+v", err, text, back, c)
	}
	d, err := Differences(parsed(t, ""), parsed(t, "proxy.port = 9090\nintercept.bypass = [{client = \"10.0.0.7\"}]"))
	want := []Difference{{"intercept.bypass", "[]", `[{client = "10.0.0.7/32"}]`}, {"proxy.port", "8080", "9090"}}
	if err != nil || !reflect.DeepEqual(d, want) {
		t.Errorf("%q, %v, want %q", d, err, want)
	}
	if d, err = Differences(c, c); err != nil || len(d) != 0 {
		t.Errorf("%q, %v", d, err)
	}
}

func FuzzSet(f *testing.F) {
	f.Add("[proxy]\nport = 8080 # why\n", "proxy.port", "9090")
	f.Add("bridge = {name = \"a\"}\n", "bridge.name", `"b"`)
	f.Add("[bridge]\nports = [\n\"a\",\n]\n", "bridge.ports", "[]")
	f.Fuzz(func(t *testing.T, source, path, value string) {
		got, err := Set(source, path, value)
		if err != nil {
			return
		}
		before, problem := parseTOML("", source, locate(source))
		after, problemAfter := parseTOML("", got, locate(got))
		section, key, _ := strings.Cut(path, ".")
		if problem != nil || problemAfter != nil || !sameBut(before, after, section, key) {
			t.Errorf("%q with %s = %q is %q", source, path, value, got)
		}
	})
}
