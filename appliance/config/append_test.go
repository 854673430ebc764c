package config

import (
	"strings"
	"testing"
)

func TestAppend(t *testing.T) {
	const value = `{client = "10.0.0.7"}`
	for name, c := range map[string]struct{ source, want string }{
		"nothing":             {"", "\n[intercept]\nbypass = [" + value + "]\n"},
		"a section":           {"[intercept] # mine\nipv6 = true\n", "[intercept] # mine\nbypass = [" + value + "]\nipv6 = true\n"},
		"an empty list":       {"[intercept]\nbypass = [] # none\n", "[intercept]\nbypass = [" + value + "] # none\n"},
		"an empty, wide list": {"[intercept]\nbypass = [ ]\n", "[intercept]\nbypass = [ " + value + "]\n"},
		"a list in a line":    {"[intercept]\nbypass = [{server = \"192.0.2.1\"}]\n", "[intercept]\nbypass = [{server = \"192.0.2.1\"}, " + value + "]\n"},
		"with a last comma":   {"[intercept]\nbypass = [{server = \"192.0.2.1\"}, ]\n", "[intercept]\nbypass = [{server = \"192.0.2.1\"}, " + value + "]\n"},
		"over lines, with comments": {
			"[intercept]\nbypass = [ # never\n  {server = \"192.0.2.1\"}, # the printer\n  {client = \"10.0.0.8\"} # hers\n  # more to come\n] # end\nipv6 = true\n",
			"[intercept]\nbypass = [ # never\n  {server = \"192.0.2.1\"}, # the printer\n  {client = \"10.0.0.8\"}, # hers\n  # more to come\n  " + value + ",\n] # end\nipv6 = true\n",
		},
		"over lines, with a last comma": {
			"[intercept]\r\nbypass = [\r\n\t{server = \"192.0.2.1\"}, # a ] and a ,\r\n]\r\n", "[intercept]\r\nbypass = [\r\n\t{server = \"192.0.2.1\"}, # a ] and a ,\r\n\t" + value + ",\r\n]\r\n",
		},
		"over lines, none": {"[intercept]\n  bypass = [\n    # none yet\n  ]\n", "[intercept]\n  bypass = [\n    # none yet\n      " + value + ",\n  ]\n"},
		"closed in the last line": {
			"[intercept]\nbypass = [{server = \"192.0.2.1\"},\n  {server = \"192.0.2.2\"}]\n", "[intercept]\nbypass = [{server = \"192.0.2.1\"},\n  {server = \"192.0.2.2\"}, " + value + "]\n",
		},
		"tables": {
			"[[intercept.bypass]] # one\nserver = \"192.0.2.1\"\n[web]\nlisten = []\n",
			"[[intercept.bypass]] # one\nserver = \"192.0.2.1\"\n[web]\nlisten = []\n\n[[intercept.bypass]]\nclient = \"10.0.0.7\"\n",
		},
		"with dots": {"intercept.bypass = []\n[web]\n", "intercept.bypass = [" + value + "]\n[web]\n"},
	} {
		got, err := Append(c.source, "intercept.bypass", value)
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
			continue
		}
		twice, err := Append(c.source, "intercept.bypass", value, `{server = "2001:db8::/32"}`)
		if err != nil || !strings.Contains(twice, "10.0.0.7") || !strings.Contains(twice, "2001:db8::/32") {
			t.Errorf("%s: two: %q, %v", name, twice, err)
		}
	}
	// What holds without a key goes on to hold.
	if got, err := Append("", "intercept.ports", "8000"); err != nil || got != "\n[intercept]\nports = [80, 8000]\n" {
		t.Errorf("ports: %q, %v", got, err)
	}
	for name, c := range map[string]struct{ source, path, value, says string }{
		"no such key":   {"", "intercept.bypas", value, "no such key"},
		"no list":       {"", "proxy.port", "1", "it is no list"},
		"no value":      {"", "intercept.bypass", "{client", "no value of TOML"},
		"two values":    {"[intercept]\nbypass = []\n", "intercept.bypass", value + ", " + value, "no value of TOML"},
		"a comment":     {"[intercept]\nbypass = []\n", "intercept.bypass", value + " # x", "no value of TOML"},
		"more keys":     {"[intercept]\nbypass = []\n", "intercept.bypass", value + "\nw = 1", "no value of TOML"},
		"no TOML":       {"[intercept", "intercept.bypass", value, "is no TOML"},
		"not a list":    {"[intercept]\nbypass = 7\n", "intercept.bypass", value, "edit it as TOML"},
		"inside a line": {"intercept = {ipv6 = true}\n", "intercept.bypass", value, "no value of TOML"},
	} {
		if _, err := Append(c.source, c.path, c.value); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// FuzzAppend: what is added stands at the end of the list, and all else is as it was.
func FuzzAppend(f *testing.F) {
	f.Add("[intercept]\nbypass = [\n  {server = \"192.0.2.1\"} # a ]\n]\n", `{client = "10.0.0.7"}`)
	f.Add("[[intercept.bypass]]\nserver = \"192.0.2.1\"\n", `{client = "10.0.0.7"}`)
	f.Add("intercept.bypass = [ [ ], '''\n]''', ]", `"]"`)
	f.Fuzz(func(t *testing.T, source, value string) {
		got, err := Append(source, "intercept.bypass", value)
		if err != nil {
			return
		}
		before, problem := parseTOML("f", source, locate(source))
		if problem != nil {
			t.Fatalf("%q is taken: %v", source, problem)
		}
		after, problem := parseTOML("f", got, locate(got))
		if problem != nil || !sameBut(before, after, "intercept", "bypass") {
			t.Fatalf("%q became %q: %v", source, got, problem)
		}
		if was, is := strings.Count(source, "#"), strings.Count(got, "#"); is < was {
			t.Fatalf("%q became %q: a comment is gone", source, got)
		}
	})
}
