package debian

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeModule gives the smallest ELF object that has a .modinfo section.
func fakeModule(info ...string) []byte {
	text := []byte(strings.Join(info, "\x00") + "\x00")
	names := []byte("\x00.modinfo\x00.shstrtab\x00")
	var b bytes.Buffer
	b.Write([]byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	const header, section = 64, 64
	order := binary.LittleEndian
	head := make([]byte, header-16)
	order.PutUint16(head[0:], 1)                                    // relocatable
	order.PutUint16(head[2:], 62)                                   // x86-64
	order.PutUint32(head[4:], 1)                                    // version
	order.PutUint64(head[24:], uint64(header+len(text)+len(names))) // section headers
	order.PutUint16(head[36:], header)                              //
	order.PutUint16(head[42:], section)                             // size of a section header
	order.PutUint16(head[44:], 3)                                   // how many
	order.PutUint16(head[46:], 2)                                   // which has the names
	b.Write(head)
	b.Write(text)
	b.Write(names)
	for _, s := range [][4]uint64{{0, 0, 0, 0}, {1, 1, header, uint64(len(text))}, {10, 3, uint64(header + len(text)), uint64(len(names))}} {
		h := make([]byte, section)
		order.PutUint32(h[0:], uint32(s[0])) // name
		order.PutUint32(h[4:], uint32(s[1])) // type
		order.PutUint64(h[24:], s[2])        // place
		order.PutUint64(h[32:], s[3])        // size
		b.Write(h)
	}
	return b.Bytes()
}

// fakeKernel gives a kernel with a few modules, one of them built in.
func fakeKernel(t *testing.T) Kernel {
	t.Helper()
	k := Kernel{Release: "6.12.0-fake", modules: t.TempDir()}
	for name, data := range map[string][]byte{
		"kernel/net/bridge/bridge.ko":     fakeModule("license=GPL", "depends=stp,llc", "alias=rtnl-link-bridge"),
		"kernel/net/802/stp.ko":           fakeModule("depends=llc"),
		"kernel/net/llc/llc.ko":           fakeModule("depends="),
		"kernel/fs/ext4/ext4.ko":          fakeModule("depends=mbcache", "alias=fs-ext4", "alias=ext3", "softdep=pre: crypto-crc32c crc-test post: llc"),
		"kernel/fs/mbcache.ko":            fakeModule("depends="),
		"kernel/lib/crc-test.ko":          fakeModule("depends="),
		"kernel/drivers/hid/other-one.ko": fakeModule("depends=hid_core"),
		"modules.builtin":                 []byte("kernel/drivers/hid/hid-core.ko\n"),
	} {
		path := filepath.Join(k.modules, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

func TestModulesBringWhatTheyNeed(t *testing.T) {
	k := fakeKernel(t)
	modules, err := k.Modules(t.Context(), []string{"bridge", "ext4", "other_one", "hid-core"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range modules {
		got = append(got, m.Path)
	}
	want := []string{
		"kernel/drivers/hid/other-one.ko", "kernel/fs/ext4/ext4.ko", "kernel/fs/mbcache.ko", "kernel/lib/crc-test.ko",
		"kernel/net/802/stp.ko", "kernel/net/bridge/bridge.ko", "kernel/net/llc/llc.ko",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("modules (-want +got):\n%s", diff)
	}
	index, err := k.Index(modules)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"modules.dep":     "kernel/net/bridge/bridge.ko: kernel/net/802/stp.ko kernel/net/llc/llc.ko\n",
		"modules.alias":   "alias fs-ext4 ext4\nalias ext3 ext4\n",
		"modules.softdep": "softdep ext4 pre: crypto-crc32c crc-test post: llc\n",
		"modules.builtin": "kernel/drivers/hid/hid-core.ko\n",
	} {
		if !strings.Contains(string(index[name]), want) {
			t.Errorf("%s lacks %q:\n%s", name, want, index[name])
		}
	}
}

func TestModulesRefuse(t *testing.T) {
	k := fakeKernel(t)
	_, err := k.Modules(t.Context(), []string{"bridge", "no_such"})
	if err == nil || !strings.Contains(err.Error(), "no_such") {
		t.Errorf("a missing module: error %v", err)
	}
	broken := filepath.Join(k.modules, "kernel/net/llc/llc.ko")
	if err := os.WriteFile(broken, []byte("not ELF"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = k.Modules(t.Context(), []string{"bridge"})
	if err == nil || !strings.Contains(err.Error(), "llc.ko") {
		t.Errorf("a broken module: error %v", err)
	}
}

func TestWanted(t *testing.T) {
	names := Wanted()
	for _, name := range []string{"bridge", "igb", "ext4", "nft_tproxy"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not wanted", name)
		}
	}
	if sorted := slices.Sorted(slices.Values(names)); len(slices.Compact(sorted)) != len(names) {
		t.Error("a module is named twice in modules.txt")
	}
}
