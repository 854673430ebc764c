package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// none is an empty environment.
func none(string) string { return "" }

func TestUsage(t *testing.T) {
	for _, test := range []struct {
		args []string
		epoch,
		want string
	}{
		{nil, "", "nothing to write"},
		{[]string{"-o", "x", "-profile", "arm"}, "", `unknown profile "arm"`},
		{[]string{"-o", "x", "-profile", "buildroot"}, "", "needs -from"},
		{[]string{"-o", "x", "-from", "y"}, "", "goes with -profile buildroot"},
		{[]string{"-o", "x", "-limit", "-1"}, "", "give 0 or more"},
		{[]string{"-o", "x", "y"}, "", `"y" is no flag`},
		{[]string{"-frob"}, "", "-frob"},
		{[]string{"-o", "x"}, "yesterday", "whole seconds since 1970"},
	} {
		var stdout, stderr bytes.Buffer
		getenv := func(string) string { return test.epoch }
		code := run(t.Context(), test.args, getenv, &stdout, &stderr)
		if code != exitUsage || !strings.Contains(stderr.String(), test.want) || stdout.Len() > 0 {
			t.Errorf("image %v: exit %d, %q; want 2 and %q", test.args, code, stderr.String(), test.want)
		}
	}
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"-h"}, none, &stdout, &stderr); code != 0 || !strings.Contains(stderr.String(), "-profile where from") {
		t.Errorf("image -h: exit %d\n%s", code, stderr.String())
	}
}

// buildrootOutput gives a folder as Buildroot leaves it.
func buildrootOutput(t *testing.T, kernel, root string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"bzImage": kernel, rootName(root): root} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// rootName gives the name under which Buildroot leaves such a root file system.
func rootName(root string) string {
	if strings.HasPrefix(root, "070701") || root == "x" {
		return "rootfs.cpio"
	}
	return "rootfs.cpio.zst"
}

// A kernel and an archive that look like ones.
var (
	someKernel = strings.Repeat("x", 0x202) + "HdrS" + strings.Repeat("y", 1000)
	someRoot   = "070701" + strings.Repeat("z", 1000)
)

func TestBuildroot(t *testing.T) {
	from := buildrootOutput(t, someKernel, someRoot)
	var sums [2][sha256.Size]byte
	for i := range sums {
		out := filepath.Join(t.TempDir(), "new", "limpid.img")
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), []string{"-profile", "buildroot", "-from", from, "-o", out, "-slot", out + ".slot"}, none, &stdout, &stderr); code != 0 {
			t.Fatalf("exit %d: %s", code, stderr.String())
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		sums[i] = sha256.Sum256(b)
		if !strings.Contains(stdout.String(), fmt.Sprintf("%x", sums[i])) {
			t.Errorf("the checksum printed is not the file's:\n%s", stdout.String())
		}
		left, err := filepath.Glob(filepath.Join(filepath.Dir(out), "*"))
		if err != nil || len(left) != 2 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
	if sums[0] != sums[1] {
		t.Error("two images of the same input differ")
	}
}

func TestBuildrootRefuses(t *testing.T) {
	for _, test := range []struct {
		name, from string
		more       []string
		want       string
	}{
		{"no kernel", t.TempDir(), nil, "Buildroot's output/images"},
		{"something else for a kernel", buildrootOutput(t, "x", someRoot), nil, "no bzImage"},
		{"something else for a root", buildrootOutput(t, someKernel, "x"), nil, "newc"},
		{"a packed root that is none", buildrootOutput(t, someKernel, "y"), nil, "not packed with zstd"},
		{"too large", buildrootOutput(t, someKernel+strings.Repeat("x", 1<<20), someRoot), []string{"-limit", "1"}, "-limit allows 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "limpid.img")
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), append([]string{"-profile", "buildroot", "-from", test.from, "-o", out}, test.more...), none, &stdout, &stderr)
			if code != exitFailed || !strings.Contains(stderr.String(), test.want) {
				t.Errorf("exit %d, %q; want 1 and %q", code, stderr.String(), test.want)
			}
			if strings.Count(strings.TrimSpace(stderr.String()), "\n") > 0 {
				t.Errorf("more than one line: %q", stderr.String())
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("an image was left")
			}
		})
	}
}

// What Buildroot has packed is taken as it is.
func TestBuildrootPacked(t *testing.T) {
	packed := "\x28\xb5\x2f\xfd and more"
	p, err := fromBuildroot(options{from: buildrootOutput(t, someKernel, packed)})
	if err != nil || string(p.root) != packed {
		t.Errorf("root %q, %v", p.root, err)
	}
}

func TestDevNeedsLimpid(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-o", filepath.Join(t.TempDir(), "x"), "-limpid", filepath.Join(t.TempDir(), "limpid")}, none, &stdout, &stderr)
	if code != exitFailed || !strings.Contains(stderr.String(), "run make build") {
		t.Errorf("exit %d, %q", code, stderr.String())
	}
}

func TestReleaseStaysOneLineEach(t *testing.T) {
	text := release(options{version: "1.0\"\nX=y", profile: profileDev, time: mustTime(t, "12")})
	if strings.Count(text, "\n") != 7 || strings.Contains(text, "\nX=") || !strings.Contains(text, "BUILD_ID=12\n") {
		t.Errorf("release:\n%s", text)
	}
}

func mustTime(t *testing.T, epoch string) (when time.Time) {
	t.Helper()
	when, err := imageTime(epoch)
	if err != nil {
		t.Fatal(err)
	}
	return when
}
