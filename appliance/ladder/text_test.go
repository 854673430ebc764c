package ladder

import (
	"strings"
	"testing"

	"limpid/appliance/control"
)

// TestText shows one of each kind of arrow.
func TestText(t *testing.T) {
	s := play(t)
	s.handshake()
	s.exchange()
	s.see(fromClient(ack, 72, 65, ""), clientIn, serverOut)
	s.see(fromServer(ack, 65, 72, ""), serverIn, clientOut)
	s.see(fromClient(ack, 73, 65, "lost"), clientIn)
	s.see(fromServer(ack, 66, 72, "lost"), serverIn)
	s.see(toClient(ack, 65, 72, "lost"), loopOut)
	s.see(toServer(ack, 72, 65, "lost"), loopOut)
	l := control.Ladder{LadderResult: s.f.Result(0)}
	got := Text(l, false)
	_, picture, _ := strings.Cut(got, "\n\n")
	picture, findings, _ := strings.Cut(picture, "\n\n")
	lines := strings.Split(picture, "\n")
	for name, at := range map[string]int{"client": 10, "box": 43, "server": 74} {
		if got := strings.Index(lines[0], name); got != at {
			t.Errorf("%s stands at %d, want %d", name, got, at)
		}
	}
	for i, line := range lines {
		if len(line) > textWidth || i > 0 && (line[10] != '|' || line[78] != '|') {
			t.Errorf("line %d has %d columns: %q", i, len(line), line)
		}
	}
	for _, part := range []string{
		"|-- SYN ------------------------->|                                 |",
		"|<--------------------- SYN ACK --|                                 |",
		"|-- ACK ----------------------------------------------------------->|",
		"|<----------------------------------------------------------- ACK --|",
		"|-- GET /secret/path?..., ... --->|",
		"|                                 |<--- HTTP/1.1 200 OK, 65 bytes --|",
		"|-- 4 bytes ----------x           |", "|           x---------- 4 bytes --|                                 |",
	} {
		if !strings.Contains(picture, part) {
			t.Errorf("%q is not in\n%s", part, picture)
		}
	}
	for line := range strings.Lines(findings) {
		if len(line) > textWidth+1 {
			t.Errorf("%d columns: %q", len(line), line)
		}
	}
	detailed := Text(l, true)
	if !strings.Contains(detailed, "clients' port, eth0 in: 192.0.2.1:40000 02:00:00:00:00:01 to 198.51.100.2:80 02:00:00:00:00:02, TTL 64") {
		t.Errorf("no details in\n%s", detailed)
	}
	if got := Text(control.Ladder{LadderResult: control.LadderResult{Findings: []control.LadderStep{{Verdict: control.HealthUnknown, Text: "Nobody came.", Mend: "Ask."}}}}, false); got != "unknown Nobody came.\n        Mend: Ask.\n" {
		t.Errorf("of nobody: %q", got)
	}
}
