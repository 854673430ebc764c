package falls

import (
	"errors"
	"os/exec"
	"testing"
)

// readData gives files of a data partition, after what the box itself does before it mounts one: e2fsck -p, which plays
// the journal.
func readData(t *testing.T, data string, files ...string) map[string]string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "e2fsck", "-p", data).CombinedOutput()
	// 1: errors, mended (e2fsck(8)); what a journal leaves is mended without.
	if failure, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || failure.ExitCode() != 1) {
		t.Errorf("e2fsck -p: %v\n%s", err, out)
	}
	found := map[string]string{}
	for _, name := range files {
		out, err := exec.CommandContext(t.Context(), "debugfs", "-R", "cat "+name, data).Output()
		if err != nil {
			t.Errorf("read %s: %v", name, err)
		}
		found[name] = string(out)
	}
	return found
}
