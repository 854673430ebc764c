package config

import (
	"strings"
	"testing"
	"time"
)

func TestSyntaxRefusals(t *testing.T) {
	testRefusals(t, []refusal{
		{"bare word", "[intercept]\nmode = full\n", `limpid.toml:3: intercept.mode: is no TOML: expected value but found "full" instead; put text in double quotes`},
		{"no value", "a =\nb = 1\n", `limpid.toml:2: a: is no TOML: expected value but found '\n' instead`},
		{"open string", "[log]\npath = \"/data\nkeep = 0\n", `limpid.toml:3: log.path: is no TOML: strings cannot contain newlines; close the string with a quote`},
		{"open header", "\n[log\nkeep = 0\n", `limpid.toml:3: is no TOML: expected '.' or ']' to end table name, but got '\n' instead`},
		{"open array", "web.listen = [\":443\"\nx = 1\n", `limpid.toml:3: web.listen: is no TOML: expected a comma (',') or array terminator (']'), but got 'x'`},
		{"two keys", "a = 1 b = 2\n", `limpid.toml:2: is no TOML: expected a top-level item to end with a newline, comment, or EOF, but got 'b' instead; write one key on a line`},
		{"escape", "log.path = \"C:\\data\"\n", `limpid.toml:2: log.path: is no TOML: invalid escape in string '\d'; write \\ for one backslash`},
		{"digits", "proxy.port = 080\n", `limpid.toml:2: proxy.port: is no TOML: Invalid integer "080": cannot have leading zeroes`},
		{"beyond 64 bits", "proxy.port = 99999999999999999999\n", `limpid.toml:2: proxy.port: is no TOML: 99999999999999999999 is out of range for int64`},
		{"line break in the message", "proxy.port = 0x\n", `limpid.toml:2: proxy.port: is no TOML: not a hexadecimal number: '0x\n'`},
		{"bare CR", "a = 1\rb = 2\n", `limpid.toml:2: a: is no TOML: TOML files cannot contain control characters: '0x0d'; save the file as UTF-8 text`},
		{"Latin-1", "# ok\nrules.block = [\"b\xfccher.example\"]\n", `limpid.toml:3: rules.block: is no TOML: invalid UTF-8 byte: 0xfc; save the file as UTF-8 text`},
		{"key twice", "[proxy]\nvia = true\n# again\nvia = false\n", `limpid.toml:5: proxy.via: is set twice, first in line 3; keep one`},
		{"key twice in a line", "intercept.bypass = [{client = \"10.0.0.1\", client = \"10.0.0.2\"}]\n", `limpid.toml:2: intercept.bypass[0].client: is set twice; keep one`},
		{"table twice", "[proxy]\nvia = true\n[log]\n[proxy]\nport = 1\n", `limpid.toml:5: proxy: is set twice, first in line 2; keep one`},
		// The library takes these two silently.
		{"value over table", "a.b = 1\na = 2\nproxy.port = 0\n", "limpid.toml:2: a: unknown table; known here: bridge, management, intercept, proxy, cache, rules, watchdog, web, log, console\n" +
			"limpid.toml:3: a: is set twice, first in line 2; keep one\nlimpid.toml:4: proxy.port: 0 is out of range; use 1 to 65535"},
	})
	testRefusal(t, "a=1\x00", `limpid.toml:1: is no TOML: files cannot contain NULL bytes; probably using UTF-16; TOML files must be UTF-8`)
	testRefusal(t, "\xff\xfea\x00", `limpid.toml:1: is UTF-16; save it as UTF-8`)
}

func TestByteOrderMark(t *testing.T) {
	c, err := Parse("limpid.toml", []byte("\ufeff"+ports))
	if err != nil || c.Bridge.Ports[1] != "eth1" {
		t.Errorf("got %v, %v", c, err)
	}
	testRefusal(t, "\ufeff"+ports+"[log\n", `limpid.toml:2: is no TOML: expected '.' or ']' to end table name, but got '\n' instead`)
}

// TestHostileSources are files that take a parser's time, memory or stack. Each is refused by its size or nesting
// before the library sees it, or is plain and long.
func TestHostileSources(t *testing.T) {
	n := maxSource / 2
	deep := "limpid.toml:1: nests too deep or has too long a name; no key of limpid does"
	for name, tt := range map[string]refusal{
		"too large":     {source: strings.Repeat("#", maxSource+1), want: "limpid.toml:1: is larger than 256KiB; shorten it"},
		"arrays":        {source: "a=" + strings.Repeat("[", n), want: deep},
		"inline tables": {source: "a=" + strings.Repeat("{a=", n/2), want: deep},
		"dotted key":    {source: strings.Repeat("a.", n-2) + "a=1", want: deep},
		"dotted header": {source: "[" + strings.Repeat("a.", n-4) + "a]", want: deep},
		"long key":      {source: strings.Repeat("a", n) + "=[" + strings.Repeat("1,", n/2-8) + "]", want: deep},
	} {
		t.Run(name, func(t *testing.T) { testRefusal(t, tt.source, tt.want) })
	}
	for name, source := range map[string]string{
		"open brackets":   strings.Repeat("[", 2*n),
		"many tables":     strings.Repeat("[[a]]\n", n/3),
		"many elements":   "a=[" + strings.Repeat("{},", n/2) + "]",
		"many keys twice": strings.Repeat("a=1\n", n/2),
		"many unknown":    "[web]\n" + unknownKeys(n/4),
		"quotes":          strings.Repeat("\"", 2*n),
		"backslashes":     "a=\"" + strings.Repeat("\\\\", n-4) + "\"",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := Parse("limpid.toml", []byte(source))
			if err == nil {
				t.Fatal("accepted")
			}
			if n := strings.Count(err.Error(), "\n"); n > maxProblems {
				t.Errorf("%d lines of problems", n+1)
			}
			t.Logf("%v", time.Since(start))
		})
	}
}

// unknownKeys are different keys that fill about 4n bytes.
func unknownKeys(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < 4*n; i++ {
		b.WriteString(strings.Repeat("k", 1+i%3))
		b.WriteString(string(rune('a' + i%26)))
		for v := i; v > 0; v /= 26 {
			b.WriteByte(byte('a' + v%26))
		}
		b.WriteString("=1\n")
	}
	return b.String()
}

func TestManyProblems(t *testing.T) {
	_, err := Parse("limpid.toml", []byte(ports+"intercept.ports = ["+strings.Repeat("0,\n", maxProblems+7)+"]"))
	text := err.Error()
	if lines := strings.Count(text, "\n") + 1; lines != maxProblems+1 {
		t.Errorf("%d lines, want %d", lines, maxProblems+1)
	}
	if want := "\nlimpid.toml: 7 more; mend these first"; !strings.HasSuffix(text, want) {
		t.Errorf("ends %q, want %q", text[len(text)-50:], want)
	}
}
