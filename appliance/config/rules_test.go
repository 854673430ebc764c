package config

import (
	"strings"
	"testing"
)

func TestPatternRefusals(t *testing.T) {
	long := strings.Repeat("a", 64)
	tests := []struct{ pattern, want string }{
		{"", `is empty; write a host like "ads.example" or take it out`},
		{"*", `"*" would block every host; name one, like "*.ads.example"`},
		{"*.", `"*." would block every host; name one, like "*.ads.example"`},
		{"*.*", `"*.*" would block every host; name one, like "*.ads.example"`},
		{"/banner", `"/banner" would block every host; name one, like "*.ads.example"`},
		{"*ads.example", `"*ads.example" has a * inside the host; it may only stand in front, like "*.ads.example"`},
		{"ads.*.example", `"ads.*.example" has a * inside the host; it may only stand in front, like "*.ads.example"`},
		{"http://ads.example/", `"http://ads.example/" has a scheme; write "ads.example/"`},
		{"ads.example:8080", `"ads.example:8080" has a port; write the host alone, it stands for every port`},
		{"[2001:db8::1]:80", `"[2001:db8::1]:80" has a port; write the host alone, it stands for every port`},
		{"*.192.0.2.1", `"*.192.0.2.1" puts *. before an address; write the address alone`},
		{"ads.example.", `"ads.example." has a dot behind the host; take it out`},
		{"bücher.example", `"bücher.example" has letters outside ASCII; write the host as it is sent, like "xn--bcher-kva.example"`},
		{"ads example", `"ads example" has no valid host; write it like "ads.example" or "*.ads.example"`},
		{"ads..example", `"ads..example" has no valid host; write it like "ads.example" or "*.ads.example"`},
		{"-ads.example", `"-ads.example" has no valid host; write it like "ads.example" or "*.ads.example"`},
		{long + ".example", `"` + long + `.example" has no valid host; write it like "ads.example" or "*.ads.example"`},
		{"ads.example/a*b", `"ads.example/a*b" has a * inside the path; it may only stand at the end, like "ads.example/banner*"`},
		{"ads.example/**", `"ads.example/**" has a * inside the path; it may only stand at the end, like "ads.example/banner*"`},
		{"ads.example/a b", `"ads.example/a b" has a character that no request's path has; write it percent-encoded, a space as %20`},
		{"ads.example/#a", `"ads.example/#a" has a character that no request's path has; write it percent-encoded, a space as %20`},
		{"ads.example/ü", `"ads.example/ü" has a character that no request's path has; write it percent-encoded, a space as %20`},
		{strings.Repeat("a.", 200), `"` + strings.Repeat("a.", 40) + `"... has a dot behind the host; take it out`},
	}
	for _, tt := range tests {
		t.Run(tt.pattern, func(t *testing.T) {
			err := checkPattern(tt.pattern)
			if err == nil {
				t.Fatalf("accepted, want %s", tt.want)
			}
			if err.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
		})
	}
	testRefusals(t, []refusal{
		{"line of the pattern", "[rules]\nblock = [\n  \"ads.example\", # one\n  # two\n  \"*\",\n]", `limpid.toml:6: rules.block[1]: "*" would block every host; name one, like "*.ads.example"`},
		{"no string", "[rules]\nblock = [1]", `limpid.toml:3: rules.block[0]: must be a string, not an integer; put it in double quotes`},
		{"no array", "[rules]\nblock = \"ads.example\"", `limpid.toml:3: rules.block: must be an array, not a string; put its values in [ ]`},
	})
}

func TestPatternsAccepted(t *testing.T) {
	for _, pattern := range []string{
		"ads.example", "*.tracker.example/path*", "ADS.Example", "example", "a_b.example", "192.0.2.9", "192.0.2.9/beacon",
		"[2001:db8::1]", "[2001:db8::1]/x*", "ads.example/", "ads.example/*", "ads.example/a?b=c&d=%20", "ads.example/r?to=http://x/",
	} {
		if err := checkPattern(pattern); err != nil {
			t.Errorf("%s: %v", pattern, err)
		}
	}
}
