package poweron

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"limpid/test/firmware"
	"limpid/test/qemu"
	"limpid/test/vm"
)

const mib = 1 << 20

// Where the partitions of a test's disk lie, in bytes: like those of an image, but small.
const (
	espStart  = 1 * mib
	slotStart = 34 * mib
	dataStart = 38 * mib
)

// world is what all machines of the tests are made of: made once.
type world struct {
	kernel vm.Kernel
	root   string
}

var makeWorld = sync.OnceValues(func() (world, error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "limpid-poweron-*")
	if err != nil {
		return world{}, err
	}
	root := filepath.Join(dir, "root")
	// Buildroot's kernel has no modules, and its root file system a limpid already.
	if from := os.Getenv(firmware.BuildrootOutput); from != "" {
		return world{vm.Kernel{Image: filepath.Join(from, "bzImage")}, root}, os.Symlink(filepath.Join(from, "rootfs.cpio.zst"), root)
	}
	kernel, err := vm.TestKernel(ctx)
	if err != nil {
		return world{}, err
	}
	limpid := filepath.Join(dir, "limpid")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=under-test", "-o", limpid, "limpid/appliance")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		return world{}, fmt.Errorf("build limpid: %w\n%s", err, out)
	}
	return world{kernel, root}, vm.Root{
		Kernel: kernel, Init: limpid, Programs: []string{"mke2fs", "e2fsck", "resize2fs"},
		Files: map[string]string{"/etc/mke2fs.conf": "/etc/mke2fs.conf"},
		Modules: []string{
			"virtio_pci", "virtio_net", "virtio_blk", "virtio_rng", "bridge", "8021q", "af_packet", "ipv6",
			"nf_tables", "nft_meta_bridge", "nft_queue", "nfnetlink_queue", "nft_tproxy", "nft_socket",
			"ext4", "crc32c_generic", "vfat", "nls_cp437", "nls_ascii", "nls_iso8859_1", "nls_utf8", "softdog", "button", "evdev",
		},
	}.Write(ctx, root)
})

func TestMain(m *testing.M) {
	code := m.Run()
	if w, err := makeWorld(); err == nil {
		_ = os.RemoveAll(filepath.Dir(w.root))
	}
	os.Exit(code)
}

// bootLimit is for a boot on a processor that is emulated, and shared with other work.
const bootLimit = 5 * time.Minute

// start switches a machine on with this disk, nil for none.
func start(t *testing.T, disk *NBD) (*Machine, context.Context) {
	t.Helper()
	return switchOn(t, bootLimit, func(_ context.Context, w world, _ string) Hardware {
		return Hardware{Kernel: w.kernel, Root: w.root, Append: "limpid.slot=a", Disk: disk}
	})
}

// switchOn switches a machine on for so long, in a folder of its own.
func switchOn(t *testing.T, limit time.Duration, hardware func(context.Context, world, string) Hardware) (*Machine, context.Context) {
	t.Helper()
	w, err := makeWorld()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "lp")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	h := hardware(ctx, w, dir)
	h.Dir = dir
	m, err := Start(ctx, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		m.Kill()
		cancel()
		m.LAN.Close()
		m.WAN.Close()
		_ = os.RemoveAll(dir)
		if t.Failed() {
			t.Logf("the console:\n%s", qemu.Tail(m.Console()))
		}
	})
	return m, ctx
}

// crossing sends frames from the clients' side until one arrives at the servers', and
// closes arrived then.
func crossing(ctx context.Context, m *Machine, arrived chan<- struct{}) {
	// To everybody, of a type for experiments (IEEE 802.3, 88B5).
	frame := append([]byte("\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x01\x88\xb5crossing"), make([]byte, 46)...)
	sending, stop := context.WithCancel(ctx)
	go func() {
		for sending.Err() == nil {
			m.LAN.Send(frame)
			time.Sleep(50 * time.Millisecond)
		}
	}()
	go func() {
		defer stop()
		for ctx.Err() == nil {
			if got, err := m.WAN.Receive(time.Second); err == nil && strings.Contains(string(got), "crossing") {
				close(arrived)
				return
			}
		}
	}()
}

// closed says whether a channel is.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// wireFirst starts a box whose disk, which may be nil, answers nothing from limpid's first phase on until a frame has
// crossed: where the wire waited for the disk, neither would ever come. held is how many requests of it had to wait.
func wireFirst(t *testing.T, disk *NBD) (m *Machine, ctx context.Context, arrived <-chan struct{}, held *atomic.Int64) {
	t.Helper()
	crossed := make(chan struct{})
	held = new(atomic.Int64)
	var box atomic.Bool // before, QEMU and its BIOS look at the disk, and a kernel with its drivers built in
	if disk != nil {
		watch := disk.Watch
		disk.Watch = func(a Access) error {
			if box.Load() && !closed(crossed) {
				held.Add(1)
				select {
				case <-crossed:
				case <-t.Context().Done():
				}
			}
			if watch == nil {
				return nil
			}
			return watch(a)
		}
	}
	m, ctx = start(t, disk)
	if _, err := m.Expect(ctx, "name=mounts"); err != nil {
		t.Fatal(err)
	}
	box.Store(true)
	crossing(ctx, m, crossed)
	return m, ctx, crossed, held
}

// The first start of a new disk: frames cross before a byte of the disk is read. Then the data partition is made, and
// the box gets to inline.
func TestWireBeforeDisk(t *testing.T) {
	m, ctx, arrived, held := wireFirst(t, newDisk(t, 200).nbd())
	if _, err := m.Expect(ctx, "INLINE since"); err != nil {
		t.Fatal(err)
	}
	said, err := m.Expect(ctx, "no alarms")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d requests of the disk were held back", held.Load())
	if !closed(arrived) {
		t.Error("inline, and no frame has crossed")
	}
	if !strings.Contains(said, "defaults, on disk") || strings.Contains(said, "level=ERROR") {
		t.Errorf("not all is well:\n%s", said)
	}
	logPhases(t, said)
}

// logPhases shows what took how long.
func logPhases(t *testing.T, said string) {
	t.Helper()
	for line := range strings.Lines(said) {
		if strings.Contains(line, "msg=phase") {
			t.Log(strings.TrimSpace(line))
		}
	}
}
