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
	kernel, err := vm.TestKernel(ctx)
	if err != nil {
		return world{}, err
	}
	dir, err := os.MkdirTemp("", "limpid-poweron-*")
	if err != nil {
		return world{}, err
	}
	limpid := filepath.Join(dir, "limpid")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=under-test", "-o", limpid, "limpid/appliance")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		return world{}, fmt.Errorf("build limpid: %w\n%s", err, out)
	}
	w := world{kernel, filepath.Join(dir, "root")}
	return w, vm.Root{
		Kernel: kernel, Init: limpid, Programs: []string{"mke2fs", "e2fsck", "resize2fs"},
		Files: map[string]string{"/etc/mke2fs.conf": "/etc/mke2fs.conf"},
		Modules: []string{
			"virtio_pci", "virtio_net", "virtio_blk", "virtio_rng", "bridge", "8021q", "af_packet", "ipv6",
			"nf_tables", "nft_meta_bridge", "nft_queue", "nfnetlink_queue", "nft_tproxy", "nft_socket",
			"ext4", "crc32c_generic", "vfat", "nls_cp437", "nls_ascii", "nls_iso8859_1", "nls_utf8", "softdog", "button", "evdev",
		},
	}.Write(ctx, w.root)
})

func TestMain(m *testing.M) {
	code := m.Run()
	if w, err := makeWorld(); err == nil {
		_ = os.RemoveAll(filepath.Dir(w.root))
	}
	os.Exit(code)
}

// bootLimit is for a boot on a processor that is emulated, and shared with other work.
const bootLimit = 3 * time.Minute

// start switches a machine on with this disk, nil for none.
func start(t *testing.T, disk *NBD, more string) (*Machine, context.Context) {
	t.Helper()
	w, err := makeWorld()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "lp")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), bootLimit)
	m, err := Start(ctx, Hardware{Dir: dir, Kernel: w.kernel, Root: w.root, Append: "limpid.slot=a " + more, Disk: disk})
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
			t.Logf("the console:\n%s", tail(m.Console()))
		}
	})
	return m, ctx
}

// crossing sends frames from the clients' side until one arrives at the servers', and
// closes what it returns then.
func crossing(ctx context.Context, m *Machine) <-chan struct{} {
	arrived := make(chan struct{})
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
	return arrived
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

// The first start of a new disk: frames cross before a byte of the data partition is
// read or written; the disk waits for that. Then the partition is made, and the box
// gets to inline.
func TestWireBeforeDisk(t *testing.T) {
	d := newDisk(t, 200)
	var crossed atomic.Pointer[<-chan struct{}]
	var early, touched atomic.Int64
	disk := d.nbd()
	disk.Watch = func(a Access) error {
		if !a.within(dataStart, d.size-dataStart-mib) {
			return nil
		}
		touched.Add(1)
		c := crossed.Load()
		if c == nil || !closed(*c) {
			early.Add(1)
		}
		for c == nil {
			time.Sleep(time.Millisecond)
			c = crossed.Load()
		}
		// Held until the wire is one. Boot would end here if it needed the disk for that.
		select {
		case <-*c:
		case <-t.Context().Done():
		}
		return nil
	}
	m, ctx := start(t, disk, "")
	arrived := crossing(ctx, m)
	crossed.Store(&arrived)
	if _, err := m.Expect(ctx, "INLINE since"); err != nil {
		t.Fatal(err)
	}
	if !closed(arrived) {
		t.Error("inline, and no frame has crossed")
	}
	if early.Load() > 0 || touched.Load() == 0 {
		t.Errorf("the data partition was touched %d times, %d of them before a frame had crossed", touched.Load(), early.Load())
	}
	if _, err := m.Expect(ctx, "on disk"); err != nil {
		t.Error(err)
	}
	for line := range strings.Lines(m.Console()) {
		if strings.Contains(line, "msg=phase") || strings.Contains(line, "alarm") {
			t.Log(strings.TrimSpace(line))
		}
	}
}
