package script

import (
	"io"
	"strings"
	"testing"
	"time"
)

const good = `# What and why.
requests 1

-- client --
send hello
  | and a line
barrier one
expect "x"*3 body(2K, 7) twice
-- server --
expect hello "and a line\r\n"
barrier one
send "xxx" body(2048, 7) twice
-- hello --
| Hello\t\x41 "quoted" \\
|
-- twice --
hello*2 "\0"
`

func TestParse(t *testing.T) {
	s, err := Parse("dir/topic-one.txtar", good)
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "topic-one" || s.Proxy != (Settings{NonHTTP: "tunnel"}) || s.Count != (Count{Requests: 1, Responses: 1}) {
		t.Errorf("%+v", s)
	}
	const hello = "Hello\tA \"quoted\" \\\r\n\r\n"
	content := func(s step) string {
		t.Helper()
		b, err := io.ReadAll(s.items.reader())
		if err != nil || int64(len(b)) != s.items.length() {
			t.Errorf("line %d: %d bytes, said to be %d; %v", s.line, len(b), s.items.length(), err)
		}
		return string(b)
	}
	if got := content(s.client[0]); s.client[0].line != 5 || got != hello+"and a line\r\n" {
		t.Errorf("line %d: %q", s.client[0].line, got)
	}
	body, _ := io.ReadAll(Body(2048, 7))
	for _, steps := range [][]step{s.client, s.server} {
		if got := content(steps[2]); got != "xxx"+string(body)+hello+hello+"\x00" {
			t.Errorf("line %d: %d bytes", steps[2].line, len(got))
		}
	}
}

func TestParseSettings(t *testing.T) {
	const keys = "requests 1\nnon_http reset\nhead_limit 4K\nline_limit 1K\nfields_limit 16\nhead_timeout 1s\nbody_timeout 2s\nidle_timeout 1500ms"
	s, err := Parse("f", strings.Replace(good, "requests 1", keys, 1))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Settings{"reset", 4096, 1024, 16, time.Second, 2 * time.Second, 1500 * time.Millisecond}); s.Proxy != want {
		t.Errorf("got %+v, want %+v", s.Proxy, want)
	}
	const want = "non_http = \"reset\"\nhead_limit = 4096\nline_limit = 1024\nfields_limit = 16\n" +
		"head_timeout = \"1s\"\nbody_timeout = \"2s\"\nidle_timeout = \"1.5s\"\n"
	if got := s.Proxy.TOML(); got != want {
		t.Errorf("as TOML:\n%s", got)
	}
}

func TestBodiesOfOtherSeedsDiffer(t *testing.T) {
	a, _ := io.ReadAll(Body(100, 1))
	b, _ := io.ReadAll(Body(100, 2))
	c, _ := io.ReadAll(Body(100, 1))
	if string(a) == string(b) || string(a) != string(c) {
		t.Error("the seed does not decide")
	}
}

// Each mistake is reported with file, line and what is wrong.
func TestParseErrors(t *testing.T) {
	replace := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in the scenario", old)
		}
		return strings.Replace(good, old, with, 1)
	}
	for _, c := range []struct{ name, content, want string }{
		{"no comment", replace("# What and why.", "x"), "f:1: want a comment"},
		{"no count", replace("requests 1", ""), `f:1: no line "requests N"`},
		{"unknown setting", replace("requests 1", "request 1"), `f:2: unknown setting "request"`},
		{"setting twice", replace("requests 1", "requests 1\nrequests 1"), "f:3: second requests"},
		{"bad count", replace("requests 1", "requests one"), "f:2: "},
		{"bad non_http", replace("requests 1", "requests 1\nnon_http drop"), `f:3: non_http "drop"`},
		{"bad limit", replace("requests 1", "requests 1\nhead_limit 0"), `f:3: size "0"`},
		{"bad deadline", replace("requests 1", "requests 1\nbody_timeout 1"), "f:3: "},
		{"long deadline", replace("requests 1", "requests 1\nidle_timeout 1m"), "f:3: idle_timeout 1m0s"},
		{"unknown deadline", replace("requests 1", "requests 1\ndeadline tail"), `f:3: deadline "tail"`},
		{"no value", replace("requests 1", "requests 1\ndiffers"), "f:3: differs without a value"},
		{"no server", replace("-- server --", "-- sever --"), "f:1: no section -- server --"},
		{"section twice", replace("-- twice --", "-- hello --"), `second section "hello"`},
		{"unknown step", replace("barrier one", "barier one"), `f:7: "barier" is no step`},
		{"step before any send", replace("send hello", "sned hello"), `f:5: unknown step "sned"`},
		{"white space", replace("send hello", "send hello "), "f:5: white space at the end"},
		{"bad escape", replace(`\t`, `\q`), "f:14: bad escape"},
		{"bad hex", replace(`\x41`, `\x4g`), "f:14: bad escape"},
		{"unknown section", replace("send hello", "send helo"), `f:5: "helo" is no step`},
		{"open text", replace(`"x"*3`, `"x`), "f:8: "},
		{"bad repeat", replace("*3", "*x"), "f:8: repeat *x"},
		{"bad size", replace("body(2K", "body(2G"), `f:8: size "2G"`},
		{"bad seed", replace("2K, 7", "2K, x"), `f:8: seed "x"`},
		{"circle", replace("hello*2", "twice"), "is part of itself"},
		{"nothing sent", replace("send hello\n  | and a line", "send"), "f:5: send nothing"},
		{"barrier of one", replace("barrier one\nsend", "send"), `f:7: barrier "one": the server comes to none`},
		{"barrier of the other", replace("barrier one\nexpect", "expect"), `f:10: barrier "one": the client comes to none`},
		{"long pause", replace("barrier one\nexpect", "pause 1h\nbarrier one\nexpect"), "f:7: pause 1h0m0s"},
		{"too much", replace("barrier one\nexpect", "reset now\nbarrier one\nexpect"), "f:7: reset takes nothing"},
		{"no name", replace("barrier one\nexpect", "verdict\nbarrier one\nexpect"), "f:7: verdict without a name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("f", c.content)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
