package supervise

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// What children write comes out as they meant it, and what is no record as text.
func TestLinesOfChildren(t *testing.T) {
	var written bytes.Buffer
	log := &lineLog{log: slog.New(slog.NewTextHandler(&written, nil))}
	failure := log.copy(strings.NewReader(`{"time":"2026-01-02T03:04:05Z","level":"INFO","msg":"reset","flow":1795280917687280456}
{"level":"ERROR","msg":"bind","error":"in use"}
{"level":"INFO","msg":"two"}{}
panic: no
`))
	if failure != "bind: in use" {
		t.Errorf("it failed by %q", failure)
	}
	for _, want := range []string{"level=INFO msg=reset flow=1795280917687280456\n", "level=ERROR msg=bind error=\"in use\"\n", `{\"level\":\"INFO\",\"msg\":\"two\"}{}`, "panic: no"} {
		if !strings.Contains(written.String(), want) {
			t.Errorf("%q is not in\n%s", want, written.String())
		}
	}
}
