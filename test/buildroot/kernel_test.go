package buildroot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A real 6.12 kernel takes every line of the fragment: each option exists, has that type, and has its dependencies.
func TestKernelTakesEveryLine(t *testing.T) {
	source := kernelSource(t)
	fragment := path("board/limpid/x86_64/linux.fragment")
	config, err := Configure(t.Context(), source, fragment, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run(t.Context(), "", path("board/limpid/x86_64/check-config.sh"), fragment, config); err != nil {
		t.Fatal(err)
	}
}

// Kconfig says nothing of what it drops; the build does.
func TestDroppedLinesAreTold(t *testing.T) {
	source := kernelSource(t)
	text := read(t, "board/limpid/x86_64/linux.fragment")
	text = strings.Replace(text, "\nCONFIG_NFT_REJECT=y\n", "\n", 1)
	text += "CONFIG_NO_SUCH_OPTION=y\nCONFIG_HZ=y\n# CONFIG_NET_INGRESS is not set\n"
	fragment := filepath.Join(t.TempDir(), "linux.fragment")
	if err := os.WriteFile(fragment, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	config, err := Configure(t.Context(), source, fragment, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	_, err = run(t.Context(), "", path("board/limpid/x86_64/check-config.sh"), fragment, config)
	if err == nil {
		t.Fatal("a fragment with lines that the kernel drops passes")
	}
	want := []string{
		"CONFIG_NFT_BRIDGE_REJECT=y: the final configuration has it not set", // it needs NFT_REJECT
		"CONFIG_NO_SUCH_OPTION=y: the final configuration has it not set",
		"CONFIG_HZ=y: the final configuration has CONFIG_HZ=250",
		"# CONFIG_NET_INGRESS is not set: the final configuration has CONFIG_NET_INGRESS=y", // others select it
	}
	for _, line := range want {
		if !strings.Contains(err.Error(), line) {
			t.Errorf("no word of %q in:\n%v", line, err)
		}
	}
	if got := strings.Count(err.Error(), "the final configuration has"); got != len(want) {
		t.Errorf("%d lines told, not %d:\n%v", got, len(want), err)
	}
}

// kernelSource gives the kernel's source, shared by all checkouts' tests through the cache.
func kernelSource(t *testing.T) string {
	t.Helper()
	cache, err := filepath.Abs("../../.cache/kconfig")
	if err != nil {
		t.Fatal(err)
	}
	source, err := KernelSource(t.Context(), cache)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("kernel source: %s", filepath.Base(source))
	return source
}
