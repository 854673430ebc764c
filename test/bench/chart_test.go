package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// The golden file is written anew with LIMPID_UPDATE=1; look at it then.
func TestChart(t *testing.T) {
	c := chart{title: "A <title> & more", foot: "* a note", panels: []panel{
		{title: "CPU", unit: "µs", bars: []bar{
			{name: "one", value: spread{10, 8, 14, 3}},
			{name: "limpid", value: spread{5, 5, 5, 1}, ours: true},
			{name: "far & away", value: spread{500, 400, 600, 3}},
		}},
		{title: "added", unit: "µs", bars: []bar{{name: "less than nothing", value: spread{-5, -9, -1, 3}}}},
		{title: "alone", unit: "GB", bars: []bar{{name: "zero", value: spread{0, 0, 0, 1}}}},
	}}
	got := c.svg()
	const golden = "testdata/chart.svg"
	if os.Getenv("LIMPID_UPDATE") == "1" {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s:\n%s", golden, got)
	}
	words := texts(t, got)
	for _, word := range []string{"A <title> & more", "far & away", "limpid", "500", "-5.00", "* a note"} {
		if !strings.Contains(words, word+"\n") {
			t.Errorf("no text %q", word)
		}
	}
}

// texts reads an SVG to its end, so that it is known to be well-formed, and
// returns the content of its text elements, each in a line.
func texts(t *testing.T, svg string) string {
	t.Helper()
	var b strings.Builder
	inside := false
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			inside = token.Name.Local == "text"
			for _, a := range token.Attr {
				if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") || token.Name.Local == "rect" && strings.HasPrefix(a.Value, "-") {
					t.Errorf("<%s %s=%q>", token.Name.Local, a.Name.Local, a.Value)
				}
			}
		case xml.CharData:
			if inside {
				b.WriteString(string(token) + "\n")
			}
		case xml.EndElement:
			inside = false
		}
	}
}

// Only what was measured is drawn, and limpid stands out once in each panel.
func TestChartOfResults(t *testing.T) {
	svg := fakeResults(t).chart().svg()
	words := texts(t, svg)
	for _, want := range []string{"1 KiB kept alive", "256 MiB bodies", "Idle connection", "HAProxy", "limpid"} {
		if !strings.Contains(words, want+"\n") {
			t.Errorf("no %q in %s", want, words)
		}
	}
	for _, absent := range []string{"New connection each\n", "Squid\n", "Added"} {
		if strings.Contains(words, absent) {
			t.Errorf("%q in %s", absent, words)
		}
	}
	if n := strings.Count(svg, `class="ours"`); n != 3 {
		t.Errorf("limpid is drawn %d times, want 3", n)
	}
	if !strings.Contains(svg, "prefers-color-scheme: dark") {
		t.Error("no colours for a dark page")
	}
	// Nothing at all is a chart too.
	texts(t, newResults(plan{}).chart().svg())
}
