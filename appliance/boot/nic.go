package boot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"limpid/bridge"
)

// nic is a wired network interface with hardware behind it.
type nic struct {
	name string
	path string // of its device below /sys/devices: where it is plugged in
	port int    // of a device with several
}

// pciAddress is one hop of a device's path: domain:bus:device.function.
var pciAddress = regexp.MustCompile(`^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$`)

// where is a NIC's place for comparison: PCI devices first, by address, which is
// what is printed beside the sockets of many boxes; then all others by path.
func (n nic) where() (pci bool, address string) {
	if strings.Contains(n.path, "/usb") {
		return false, n.path
	}
	for _, hop := range slices.Backward(strings.Split(n.path, "/")) {
		if pciAddress.MatchString(hop) {
			return true, hop // hexadecimal of fixed width compares as text
		}
	}
	return false, n.path
}

// inOrder sorts NICs by where they are plugged in, which never changes by itself,
// unlike the order in which the kernel finds them.
func inOrder(nics []nic) []nic {
	sorted := slices.Clone(nics)
	slices.SortFunc(sorted, func(x, y nic) int {
		xPCI, xAddress := x.where()
		yPCI, yAddress := y.where()
		if xPCI != yPCI {
			if xPCI {
				return -1
			}
			return 1
		}
		return cmp.Or(strings.Compare(xAddress, yAddress), x.port-y.port, strings.Compare(x.name, y.name))
	})
	return sorted
}

// rename is a step towards the right names.
type rename struct{ from, to string }

// renames gives NICs that are in order the names eth0, eth1 and so on. A name that
// another one holds is freed first, by way of one that nobody has.
func renames(nics []nic) []rename {
	var steps, last []rename
	for i, n := range nics {
		want := "eth" + strconv.Itoa(i)
		if n.name == want {
			continue
		}
		taken := slices.ContainsFunc(nics, func(o nic) bool { return o.name == want })
		if !taken {
			steps = append(steps, rename{n.name, want})
			continue
		}
		between := "wire" + strconv.Itoa(i)
		steps = append(steps, rename{n.name, between})
		last = append(last, rename{between, want})
	}
	return orderRenames(append(steps, last...))
}

// orderRenames lets each step begin only when its new name is free: those to names
// in between come first, since they free some.
func orderRenames(steps []rename) []rename {
	slices.SortStableFunc(steps, func(x, y rename) int {
		return cmp.Compare(btoi(strings.HasPrefix(y.to, "wire")), btoi(strings.HasPrefix(x.to, "wire")))
	})
	return steps
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// wiredNICs lists them from a folder such as /sys/class/net. What has no device
// is made by software, and what has phy80211 is no wire.
func wiredNICs(class string) ([]nic, error) {
	entries, err := os.ReadDir(class)
	if err != nil {
		return nil, fmt.Errorf("look for network interfaces: %w", err)
	}
	var nics []nic
	for _, e := range entries {
		folder := filepath.Join(class, e.Name())
		device, err := filepath.EvalSymlinks(filepath.Join(folder, "device"))
		if err != nil || readText(filepath.Join(folder, "type")) != "1" { // ARPHRD_ETHER
			continue
		}
		if _, err := os.Stat(filepath.Join(folder, "phy80211")); err == nil {
			continue
		}
		port, err := strconv.ParseInt(strings.TrimPrefix(readText(filepath.Join(folder, "dev_port")), "0x"), 0, 32)
		if err != nil {
			port = 0
		}
		nics = append(nics, nic{e.Name(), device, int(port)})
	}
	return inOrder(nics), nil
}

func readText(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// nicPatience is how long NICs are waited for, which on USB take their time.
const nicPatience = 15 * time.Second

// awaitNICs gives the wired NICs, two at least if they come in time.
func awaitNICs(ctx context.Context) ([]nic, error) {
	for deadline := time.Now().Add(nicPatience); ; time.Sleep(50 * time.Millisecond) {
		nics, err := wiredNICs("/sys/class/net")
		if err != nil || len(nics) >= 2 || ctx.Err() != nil || time.Now().After(deadline) {
			return nics, err
		}
	}
}

// findNICs waits for two, names them by their places, and chooses the wire's ports.
func findNICs(ctx context.Context, b *Box) error {
	nics, err := awaitNICs(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, r := range renames(nics) {
		errs = append(errs, bridge.Rename(r.from, r.to))
	}
	if nics, err = wiredNICs("/sys/class/net"); err != nil {
		return errors.Join(append(errs, err)...)
	}
	for _, n := range nics {
		b.log.Info("network interface", "name", n.name, "at", strings.TrimPrefix(n.path, "/sys/devices/"))
	}
	ports, err := choosePorts(nics, b.cmdline)
	b.mu.Lock()
	b.ports = ports
	b.mu.Unlock()
	return errors.Join(append(errs, err)...)
}

// choosePorts gives the ports of the wire as long as no configuration says
// otherwise: those of the command line, else the first two NICs, of which
// the first is the clients'.
func choosePorts(nics []nic, c cmdline) ([2]string, error) {
	has := func(name string) bool {
		return slices.ContainsFunc(nics, func(n nic) bool { return n.name == name })
	}
	if p, ok := c.ports(); ok && has(p[0]) && has(p[1]) {
		return p, nil
	}
	if len(nics) < 2 {
		return [2]string{}, fmt.Errorf("find network interfaces: %d with a wire, a wire needs two: plug another one in, and restart", len(nics))
	}
	return [2]string{nics[0].name, nics[1].name}, nil
}
