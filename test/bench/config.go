package main

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// Every configuration of a run, the peers' and the origin's.
//
//go:embed config
var configs embed.FS

// render fills in one of them; a value it names and does not get is an error.
func render(name string, values map[string]any) (string, error) {
	text, err := configs.ReadFile("config/" + name)
	if err != nil {
		return "", fmt.Errorf("read configuration: %w", err)
	}
	t, err := template.New(name).Option("missingkey=error").Parse(string(text))
	if err != nil {
		return "", fmt.Errorf("parse configuration: %w", err)
	}
	var out strings.Builder
	if err := t.Execute(&out, values); err != nil {
		return "", fmt.Errorf("fill in configuration: %w", err)
	}
	return out.String(), nil
}

// install renders files into dir; other users may read them. A test may change
// one afterwards: nothing reads it before its program starts.
func install(dir string, values map[string]any, names ...string) error {
	for _, name := range names {
		text, err := render(name, values)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("write configuration: %w", err)
		}
	}
	return nil
}
