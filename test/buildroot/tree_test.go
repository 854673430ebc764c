package buildroot

import (
	"go/version"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	defconfig = "configs/limpid_x86_64_defconfig"
	board     = "board/limpid/x86_64/"
)

// path gives a file of the tree.
func path(name string) string {
	p, err := filepath.Abs(filepath.Join("../../buildroot", name))
	if err != nil {
		panic(err)
	}
	return p
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(path(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// setting gives the value of a line KEY="value" of the defconfig.
func setting(t *testing.T, key string) string {
	t.Helper()
	match := regexp.MustCompile(`(?m)^` + key + `="(.*)"$`).FindStringSubmatch(read(t, defconfig))
	if match == nil {
		t.Fatalf("%s: no %s", defconfig, key)
	}
	return match[1]
}

// Buildroot finds the tree by these three files and by this name.
func TestExternalTree(t *testing.T) {
	if text := read(t, "external.desc"); !strings.HasPrefix(text, "name: LIMPID\n") {
		t.Errorf("external.desc: %q does not begin with the name", text)
	}
	for _, file := range []string{"Config.in", "external.mk", "package/limpid/Config.in", "package/limpid/limpid.mk", "provides/init.in"} {
		read(t, file)
	}
}

// Every file that the tree names by Buildroot's variable is there.
func TestNamedFilesExist(t *testing.T) {
	named := regexp.MustCompile(`\$\(?BR2_EXTERNAL_LIMPID_PATH\)?/([A-Za-z0-9_./-]+)`)
	for _, file := range []string{defconfig, "Config.in"} {
		matches := named.FindAllStringSubmatch(read(t, file), -1)
		if len(matches) == 0 {
			t.Errorf("%s names no file of the tree", file)
		}
		for _, match := range matches {
			if _, err := os.Stat(path(match[1])); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

// The kernel is of the 6.12 series and its hash is known, for kernel and headers alike.
func TestKernelIsPinned(t *testing.T) {
	kernel := setting(t, "BR2_LINUX_KERNEL_CUSTOM_VERSION_VALUE")
	if !strings.HasPrefix(kernel, "6.12.") {
		t.Errorf("kernel %s is not of the 6.12 series", kernel)
	}
	line := regexp.MustCompile(`(?m)^sha256  [0-9a-f]{64}  linux-` + regexp.QuoteMeta(kernel) + `\.tar\.xz$`)
	for _, file := range []string{"patches/linux/linux.hash", "patches/linux-headers/linux-headers.hash"} {
		if !line.MatchString(read(t, file)) {
			t.Errorf("%s has no hash of linux-%s.tar.xz", file, kernel)
		}
	}
}

// Buildroot 2026.02.3 builds with Go 1.26.3 and fetches no other.
func TestGoIsOldEnoughForBuildroot(t *testing.T) {
	match := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(read(t, "../go.mod"))
	if match == nil {
		t.Fatal("go.mod has no go line")
	}
	if version.Compare("go"+match[1], "go1.26.3") > 0 {
		t.Errorf("go.mod asks for Go %s, and Buildroot has 1.26.3", match[1])
	}
}

// A line per option, each once.
func TestDefconfig(t *testing.T) {
	line := regexp.MustCompile(`^(?:(BR2_\w+)=.+|# (BR2_\w+) is not set)$`)
	seen := map[string]bool{}
	for text := range strings.Lines(read(t, defconfig)) {
		match := line.FindStringSubmatch(strings.TrimSuffix(text, "\n"))
		if match == nil {
			t.Errorf("%s: %q is no option", defconfig, text)
			continue
		}
		if name := match[1] + match[2]; seen[name] {
			t.Errorf("%s: %s stands there twice", defconfig, name)
		} else {
			seen[name] = true
		}
	}
}

// The scripts can be started, and the shell's checker finds nothing in them.
func TestScripts(t *testing.T) {
	var scripts []string
	err := filepath.WalkDir(path("."), func(file string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(file) != ".sh" {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o111 != 0o111 {
			t.Errorf("%s cannot be executed", file)
		}
		scripts = append(scripts, file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(scripts) < 3 {
		t.Fatalf("only %d scripts: %q", len(scripts), scripts)
	}
	if out, err := run(t.Context(), "", "shellcheck", scripts...); err != nil {
		t.Error(err, out)
	}
}
