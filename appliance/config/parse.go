package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"strings"
)

// maxSource bounds a configuration file, in bytes: some ten thousand block patterns.
const maxSource = 256 << 10

// Load reads the configuration file at path. An unreadable file is an error that names it; a file with mistakes is an
// *InvalidError with all of them.
func Load(path string) (*Config, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf(`read the configuration: %w; write one, the least is: bridge.ports = ["eth0", "eth1"]`, err)
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	defer f.Close() // only read: nothing is lost with its error
	data, err := io.ReadAll(io.LimitReader(f, maxSource+1))
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return Parse(path, data)
}

// Parse reads a configuration from data; name stands for the file in problems. What is not in data has its default.
// The error is an *InvalidError with every problem found; a syntax error is found alone, since nothing behind it can
// be trusted.
func Parse(name string, data []byte) (*Config, error) {
	if len(data) > maxSource {
		return nil, invalid([]Problem{{name, 1, "", fmt.Sprintf("is larger than %s; shorten it", Size(maxSource))}})
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, invalid([]Problem{{name, 1, "", "is UTF-16; save it as UTF-8"}})
	}
	source := strings.TrimPrefix(string(data), "\ufeff") // some editors mark UTF-8, too
	doc := &document{name: name, locations: locate(source)}
	if doc.deep > 0 {
		return nil, invalid([]Problem{{name, doc.deep, "", "nests too deep or has too long a name; no key of limpid does"}})
	}
	tree, problem := parseTOML(name, source, doc.locations)
	if problem != nil {
		return nil, invalid([]Problem{*problem})
	}
	for _, again := range doc.twice {
		doc.problems = append(doc.problems, setTwice(name, again.path, again.first, again.line))
	}
	// Every section is read over its defaults, even when an earlier one had problems: one run shows them all.
	c := Default()
	root := &table{doc: doc, values: tree}
	refuseUnknown(root, reflect.TypeFor[Config]())
	readBridge(section[Bridge](root, "bridge"), &c.Bridge)
	readManagement(section[Management](root, "management"), &c.Management)
	readIntercept(section[Intercept](root, "intercept"), &c.Intercept)
	readProxy(section[Proxy](root, "proxy"), &c.Proxy)
	readCache(section[Cache](root, "cache"), &c.Cache)
	readRules(section[Rules](root, "rules"), &c.Rules)
	readWatchdog(section[Watchdog](root, "watchdog"), &c.Watchdog)
	readWeb(section[Web](root, "web"), &c.Web)
	readLog(section[Log](root, "log"), &c.Log)
	readConsole(section[Console](root, "console"), &c.Console)
	checkAcross(doc, c)
	if err := invalid(doc.problems); err != nil {
		return nil, err
	}
	return c, nil
}

// section returns the table of the name with its unknown keys refused. It is empty when the source has none, or
// something else under that name.
func section[T any](root *table, name string) *table {
	t := &table{doc: root.doc, path: root.key(name)}
	v, ok := root.values[name]
	if !ok {
		return t
	}
	// A failed assertion leaves a nil map, which reads as an empty table: its keys keep their defaults.
	if t.values, ok = v.(map[string]any); !ok {
		t.doc.report(t.path, "must be a table, not %s; write [%s] once, with its keys below", kind(v), name)
	}
	refuseUnknown(t, reflect.TypeFor[T]())
	return t
}
