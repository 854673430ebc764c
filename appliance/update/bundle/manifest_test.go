package bundle

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestManifestIsReadAsWritten(t *testing.T) {
	m := manifestOf(t, image())
	text, err := m.Text()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseManifest(text)
	if diff := cmp.Diff(m, again); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	// A later limpid may say more.
	if _, err := ParseManifest([]byte(strings.Replace(string(text), "{", `{"later": [1, {}],`, 1))); err != nil {
		t.Error(err)
	}
}

func TestManifestRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Manifest)
		want   string
	}{
		"format":       {func(m *Manifest) { m.Format = 2 }, "format 2 is not known"},
		"product":      {func(m *Manifest) { m.Product = "other" }, `it is for "other"`},
		"version":      {func(m *Manifest) { m.Version = "new" }, "want one like 1.2.3"},
		"minimum":      {func(m *Manifest) { m.Minimum = "old" }, "minimum: read version"},
		"board":        {func(m *Manifest) { m.Board = "../x" }, "board"},
		"notes":        {func(m *Manifest) { m.Notes = strings.Repeat("x", maxNotes+1) }, "notes"},
		"not text":     {func(m *Manifest) { m.Notes = "\xff" }, "notes"},
		"no parts":     {func(m *Manifest) { m.Parts = nil }, "0 parts"},
		"many parts":   {func(m *Manifest) { m.Parts = make([]Part, maxParts+1) }, "17 parts"},
		"path":         {func(m *Manifest) { m.Parts[0].Name = "a/b" }, "want a name"},
		"dot":          {func(m *Manifest) { m.Parts[0].Name = ".." }, "want a name"},
		"taken":        {func(m *Manifest) { m.Parts[0].Name = ManifestName }, "want a name"},
		"twice":        {func(m *Manifest) { m.Parts = append(m.Parts, m.Parts[0]) }, "twice"},
		"empty":        {func(m *Manifest) { m.Parts[0].Size = 0 }, "0 bytes"},
		"negative":     {func(m *Manifest) { m.Parts[0].Size = -1 }, "-1 bytes"},
		"beyond tar":   {func(m *Manifest) { m.Parts[0].Size = 1 << 33 }, "8589934592 bytes"},
		"long version": {func(m *Manifest) { m.Version = "1.2.3-" + strings.Repeat("x", maxVersion) }, "characters"},
	} {
		t.Run(name, func(t *testing.T) {
			m := manifestOf(t, image())
			test.change(&m)
			if _, err := m.Text(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
	for _, text := range []string{"", "null", "[]", "{} {}", "{", `{"format": 1, "parts": [{"sha256": "` + strings.Repeat("A", 64) + `"}]}`, `{"parts": [{"sha256": "00"}]}`, `{"parts": [{"sha256": "` + strings.Repeat("0", 66) + `"}]}`} {
		if m, err := ParseManifest([]byte(text)); err == nil {
			t.Errorf("%q is read as %+v", text, m)
		}
	}
}
