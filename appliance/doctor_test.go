package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

func TestDoctorForPeople(t *testing.T) {
	b := &backend{checkup: control.Checkup{Time: time.Now(), Verdict: control.HealthWarn, Checks: []control.Check{
		{Name: "bridge", Verdict: control.HealthOK, Finding: "It stands.", Evidence: []control.Evidence{{What: "br0", Where: "netlink", Value: "up"}}},
		{Name: "links", Verdict: control.HealthWarn, Finding: "Half duplex.", Effect: "Frames collide.", Mend: "Negotiate.",
			Evidence: []control.Evidence{{What: "eth0", Where: "ethtool", Value: "half"}}},
	}}}
	dir := answerOn(t, b)
	const want = `ok      bridge      It stands.
warn    links       Half duplex.
                    - eth0: half (ethtool)
                    Traffic: Frames collide.
                    Mend: Negotiate.
`
	if code, stdout, stderr := limpid("doctor", "--run", dir); code != exitDone || stdout != want || stderr != "" {
		t.Errorf("doctor: code %d, stdout\n%sstderr %q", code, stdout, stderr)
	}
	if code, stdout, _ := limpid("doctor", "--evidence", "--run", dir); code != exitDone || !strings.Contains(stdout, "- br0: up (netlink)") {
		t.Errorf("doctor --evidence: code %d, %s", code, stdout)
	}
	b.checkup.Checks[1].Verdict = control.HealthFail
	code, stdout, stderr := limpid("doctor", "--json", "--run", dir)
	var got control.Checkup
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != exitFailed || len(got.Checks) != 2 || got.Checks[1].Evidence[0].Value != "half" {
		t.Errorf("doctor --json: code %d, %+v, %v", code, got, err)
	}
	if strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "not well: links") {
		t.Errorf("doctor --json that fails says %q", stderr)
	}
}

func TestDoctorAsksForAFlow(t *testing.T) {
	dir := answerOn(t, &backend{})
	const want = `192.0.2.7 to 198.51.100.1:8080 is not.
- The mode is bypass.
  Mend: End it.
One that was not may be one of these:
- It had a tag.
`
	for _, args := range [][]string{
		{"doctor", "flow", "192.0.2.7", "198.51.100.1:8080", "--run", dir},
		{"doctor", "--run", dir, "flow", "192.0.2.7", "198.51.100.1:8080"},
	} {
		if code, stdout, stderr := limpid(args...); code != exitDone || stdout != want {
			t.Errorf("%q: code %d, stdout\n%sstderr %q", args, code, stdout, stderr)
		}
	}
	if code, stdout, _ := limpid("doctor", "flow", "2001:db8::7", "[2001:db8::1]:81", "--run", dir); code != exitDone || !strings.HasPrefix(stdout, "2001:db8::7 to 2001:db8::1:81") {
		t.Errorf("IPv6: code %d, %s", code, stdout)
	}
	for _, args := range [][]string{
		{"flow"}, {"flow", "192.0.2.7"}, {"flow", "192.0.2.7", "name.example"}, {"flow", "192.0.2.7", "::1"}, {"flow", "192.0.2.7", "192.0.2.8:0"},
		{"flow", "192.0.2.7", "192.0.2.8", "80"}, {"all"},
	} {
		code, _, stderr := limpid(append([]string{"doctor", "--run", dir}, args...)...)
		if code != exitUsage || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: code %d, %q", args, code, stderr)
		}
	}
}

// Without a supervisor and without its configuration there is nothing to go by.
func TestDoctorWithoutAnything(t *testing.T) {
	dir := t.TempDir()
	code, stdout, stderr := limpid("doctor", "--run", dir, "-c", filepath.Join(dir, "none.toml"))
	if code != exitFailed || stdout != "" || !strings.Contains(stderr, "no limpid runs there") || !strings.Contains(stderr, "-c") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("code %d, %q, %q", code, stdout, stderr)
	}
}

// Without a supervisor the wire is looked at all the same; here there is none.
func TestDoctorWithoutSupervisor(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "limpid.toml")
	if err := os.WriteFile(path, []byte("[bridge]\nname = \"limpidnone\"\nports = [\"limpidnone0\", \"limpidnone1\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := limpid("doctor", "--json", "--run", dir, "-c", path)
	var got control.Checkup
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != exitFailed || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "not well: bridge, supervisor") {
		t.Fatalf("code %d, %v, %q", code, err, stderr)
	}
	verdicts := map[string]control.Health{}
	for _, c := range got.Checks {
		verdicts[c.Name] = c.Verdict
	}
	if verdicts["bridge"] != control.HealthFail || verdicts["supervisor"] != control.HealthFail || verdicts["proxy"] != control.HealthUnknown {
		t.Errorf("got %v", verdicts)
	}
	if code, stdout, stderr = limpid("doctor", "flow", "192.0.2.7", "198.51.100.1", "--run", dir, "-c", path); code != exitDone || !strings.Contains(stdout, "the supervisor does not answer") {
		t.Errorf("flow: code %d, %q, %q", code, stdout, stderr)
	}
}
