package guest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestKernelIsNotTheHosts(t *testing.T) {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		t.Fatal(err)
	}
	if release := unix.ByteSliceToString(name.Release[:]); !strings.HasPrefix(release, "6.12.") {
		t.Errorf("kernel is %s, want 6.12", release)
	}
	if os.Getuid() != 0 {
		t.Errorf("user is %d, want root", os.Getuid())
	}
}

// The clock must be good enough for certificates and HTTP dates; the host gives its own in LIMPID_HOST_TIME.
func TestClockAndEntropy(t *testing.T) {
	seconds, err := strconv.ParseInt(os.Getenv("LIMPID_HOST_TIME"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if drift := time.Since(time.Unix(seconds, 0)).Abs(); drift > time.Hour {
		t.Errorf("clock is %v away from the host's", drift)
	}
	if n, err := unix.Getrandom(make([]byte, 256), unix.GRND_NONBLOCK); err != nil || n != 256 {
		t.Errorf("random bytes = %d, %v; the pool is not ready", n, err)
	}
}

func TestManyDescriptors(t *testing.T) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur < 100_000 {
		t.Errorf("at most %d open files", limit.Cur)
	}
}

func TestFileSystems(t *testing.T) {
	for path, magic := range map[string]int64{
		"/proc": unix.PROC_SUPER_MAGIC, "/sys": unix.SYSFS_MAGIC, "/sys/fs/cgroup": unix.CGROUP2_SUPER_MAGIC,
		"/tmp": unix.TMPFS_MAGIC, "/run": unix.TMPFS_MAGIC,
	} {
		var fs unix.Statfs_t
		if err := unix.Statfs(path, &fs); err != nil {
			t.Errorf("%s: %v", path, err)
		} else if fs.Type != magic {
			t.Errorf("%s has type %#x, want %#x", path, fs.Type, magic)
		}
	}
	if err := os.WriteFile(os.DevNull, []byte("x"), 0); err != nil {
		t.Error(err)
	}
}

// The kernel itself loads a module that was not loaded at the start: ifb, when such a device is wanted.
func TestKernelLoadsModules(t *testing.T) {
	if loaded(t, "ifb") {
		t.Fatal("ifb is loaded already: this test shows nothing")
	}
	command(t, "ip link add limpid-ifb type ifb")
	defer command(t, "ip link del limpid-ifb")
	if !loaded(t, "ifb") {
		t.Error("ifb device exists but its module is not loaded")
	}
}

func loaded(t *testing.T, module string) bool {
	t.Helper()
	list, err := os.ReadFile("/proc/modules")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains("\n"+string(list), "\n"+module+" ")
}

// A shell must run the host's programs, not look-alikes of its own.
func TestShellRunsCarriedPrograms(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "sh", "-c", "ip -V && ls /etc | grep passwd").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if !strings.Contains(string(out), "iproute2") || !strings.Contains(string(out), "passwd") {
		t.Errorf("sh -c 'ip -V ...' says %q", out)
	}
}

func TestCarriedFiles(t *testing.T) {
	if data, err := os.ReadFile("/etc/limpid/carried/note.txt"); err != nil || string(data) != "from the host\n" {
		t.Errorf("carried file = %q, %v", data, err)
	}
	if data, err := os.ReadFile("testdata/note.txt"); err != nil || string(data) != "beside the tests\n" {
		t.Errorf("testdata = %q, %v", data, err)
	}
}

func TestLeavesFiles(t *testing.T) {
	for _, name := range []string{"note.txt", "deep/er/note.txt"} {
		path := filepath.Join("/out", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, fmt.Appendf(nil, "%s from the guest\n", name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
