package ladder

import (
	"strings"
	"testing"
)

func TestHead(t *testing.T) {
	long := strings.Repeat("a", 100)
	for payload, want := range map[string]string{
		"GET / HTTP/1.1\r\nHost: x\r\n":             "GET /",
		"POST /a?b=c HTTP/1.0\r\n":                  "POST /a?...",
		"GET http://x/a?b HTTP/1.1\r\n":             "GET http://x/a?...",
		"GET http://me:pw@x/a HTTP/1.1\r\n":         "GET http://...@x/a",
		"GET http://me:pw@x":                        "",
		"GET http://me:pw@x?a HTTP/1.1\r\n":         "GET http://...@x?...",
		"OPTIONS * HTTP/1.1\r\n":                    "OPTIONS *",
		"CONNECT x:443 HTTP/1.1\r\n":                "CONNECT x:443",
		"GET /" + long + " HTTP/1.1\r\n":            "GET /" + long[:maxHead-8] + "...",
		"GET /cut":                                  "GET /cut",
		"GET http://me:p":                           "",
		"GET /cut?tok":                              "GET /cut?...",
		"HTTP/1.1 404 Not Found\r\nX: y\r\n":        "HTTP/1.1 404 Not Found",
		"HTTP/1.1 2":                                "",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n":          "",
		"Cookie: a=b\r\n\r\n":                       "",
		"get / HTTP/1.1\r\n":                        "",
		"GET /\r\n":                                 "",
		"GET a b c\r\n":                             "",
		"SECRET":                                    "",
		"MY PASSWORD IS":                            "",
		"GET /\x1b[2J HTTP/1.1\r\n":                 "",
		"\x16\x03\x01\x02":                          "",
		"":                                          "",
		" / HTTP/1.1\r\n":                           "",
		"VERYVERYVERYLONGMETHOD / HTTP/1.1\r\n":     "",
		"GET /" + strings.Repeat("a", 600) + "\r\n": "GET /" + long[:maxHead-8] + "...",
	} {
		if got := headOf([]byte(payload)); got != want {
			t.Errorf("%.40q: %q, want %q", payload, got, want)
		}
	}
}
