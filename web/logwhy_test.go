package web

import (
	"strings"
	"testing"

	"limpid/appliance/control"
)

func TestWhy(t *testing.T) {
	for verdict, want := range map[string]string{
		"forward": "Plain HTTP", "forward client-reset": "which then ended: the client reset", "tunnel tls": "(TLS)", "tunnel bare-lf": "(RFC 9112): bare-lf. Its bytes",
		"tunnel upgraded": "(101)", "abort server-reset": "the server reset the connection.", "abort body-timeout": "proxy.body_timeout", "abort nul": "limpid reset it, as proxy.non_http",
		"abort server-unreachable": "could not be reached", "hit": "cache", "of another version": "",
	} {
		v, reason, _ := strings.Cut(verdict, " ")
		got := whyOf(&control.LogRecord{Verdict: v, Reason: reason})
		if !strings.Contains(got, want) || want == "" && got != "" || want != "" && !strings.HasSuffix(got, ".") {
			t.Errorf("%s: %q, want %q", verdict, got, want)
		}
	}
}
