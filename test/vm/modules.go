package vm

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// bootModules are loaded before every test: what the namespaces lab and limpid use. Modules that the kernel has built
// in are passed over.
func bootModules() []string {
	return []string{
		// The way back to the host, and random numbers from it.
		"virtio_pci", "virtio_console", "virtio_rng",
		// Links of the lab. br_netfilter is there because its sysctls are: limpid must turn them off.
		"veth", "dummy", "bridge", "br_netfilter", "8021q", "af_packet", "ipv6",
		// The rules of the interceptor.
		"nf_tables", "nfnetlink_queue",
		"nft_meta_bridge", "nft_queue", "nft_tproxy", "nft_socket",
		// Slow and lossy links.
		"sch_netem",
	}
}

// carriedModules are the folders below the kernel's module folder whose modules are packed, with what they need, so
// that the kernel can load them by itself (request_module calls the guest's modprobe).
func carriedModules() []string {
	return []string{
		"kernel/net/802", "kernel/net/8021q", "kernel/net/bridge", "kernel/net/ipv4", "kernel/net/ipv6",
		"kernel/net/llc", "kernel/net/netfilter", "kernel/net/netlink", "kernel/net/packet", "kernel/net/sched",
		"kernel/net/unix", "kernel/net/xfrm",
		"kernel/drivers/net/bonding", "kernel/drivers/net/dummy.ko", "kernel/drivers/net/ifb.ko",
		"kernel/drivers/net/ipvlan", "kernel/drivers/net/macvlan.ko", "kernel/drivers/net/tun.ko",
		"kernel/drivers/net/veth.ko", "kernel/drivers/net/vrf.ko",
		// Stands in for the hardware watchdog of a box.
		"kernel/drivers/watchdog/softdog.ko",
	}
}

// moduleIndex is what depmod(8) knows about a kernel's modules. Paths are relative to the module folder.
type moduleIndex struct {
	dir     string
	needs   map[string][]string // path -> paths it needs, all of them, nearest first (modules.dep)
	byName  map[string]string
	builtin map[string]bool
}

// moduleName gives a module's name as the kernel writes it: file name without suffix, "-" as "_".
func moduleName(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}

// readModuleIndex reads the index of the modules in dir, such as .../lib/modules/6.12.1.
func readModuleIndex(dir string) (*moduleIndex, error) {
	dep, err := os.ReadFile(filepath.Join(dir, "modules.dep"))
	if err != nil {
		return nil, fmt.Errorf("read module index: %w", err)
	}
	builtin, err := os.ReadFile(filepath.Join(dir, "modules.builtin"))
	if err != nil {
		return nil, fmt.Errorf("read module index: %w", err)
	}
	return parseModuleIndex(dir, string(dep), string(builtin)), nil
}

// parseModuleIndex reads modules.dep, lines of "path: path path", and modules.builtin, lines of a path each.
func parseModuleIndex(dir, dep, builtin string) *moduleIndex {
	x := &moduleIndex{dir: dir, needs: map[string][]string{}, byName: map[string]string{}, builtin: map[string]bool{}}
	for line := range strings.Lines(dep) {
		path, needs, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			continue
		}
		x.needs[path] = strings.Fields(needs)
		x.byName[moduleName(path)] = path
	}
	for line := range strings.Lines(builtin) {
		x.builtin[moduleName(strings.TrimSpace(line))] = true
	}
	return x
}

// loadOrder gives the paths to load, in order, so that each module comes after all it needs; names that are built in
// are left out. af_packet and ipv6 are names like any other: some kernels have them as modules.
func (x *moduleIndex) loadOrder(names []string) ([]string, error) {
	var order []string
	add := func(path string) {
		if !slices.Contains(order, path) {
			order = append(order, path)
		}
	}
	for _, name := range names {
		name = moduleName(name)
		path, ok := x.byName[name]
		if !ok {
			if x.builtin[name] {
				continue
			}
			return nil, fmt.Errorf("find module %s: the kernel in %s has none and has it not built in", name, x.dir)
		}
		// modules.dep lists the nearest need first: load from its end.
		for _, need := range slices.Backward(x.needs[path]) {
			add(need)
		}
		add(path)
	}
	return order, nil
}

// below gives the modules in or at the given places of the module folder, with everything they need.
func (x *moduleIndex) below(places []string) []string {
	var found []string
	for path, needs := range x.needs {
		for _, place := range places {
			if path == place || strings.HasPrefix(path, place+"/") {
				found = append(found, path)
				found = append(found, needs...)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
