package supervise

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestSecondHolderIsToldTheFirst(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "run")
	first, err := lockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = lockDir(dir)
	if err == nil || !strings.Contains(err.Error(), "pid "+strconv.Itoa(os.Getpid())) || strings.Contains(err.Error(), "\n") {
		t.Errorf("second lock: %v, want one line naming pid %d", err, os.Getpid())
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	third, err := lockDir(dir)
	if err != nil {
		t.Fatalf("lock after the first holder ended: %v", err)
	}
	_ = third.Close()
}
