package supervise

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"limpid/appliance/config"
	"limpid/interceptor"
)

// Counters count the SYNs of connections since supervise started.
type Counters struct {
	Captured, Bridged uint64
	// Refused are, of those bridged, approved ones that found no free slot.
	Refused uint64
}

// Capture is the kernel's rules.
type Capture interface {
	// Methods are how frames are taken off the bridge and when SYNs are answered.
	Methods() (capture, handshake string)
	// Apply installs the rules for a configuration, on a bridge of that MAC, for
	// at most flows at once. When it fails, what was installed before stays.
	Apply(ctx context.Context, c *config.Config, mac [6]byte, flows int) error
	Arm() error
	Disarm() error
	Counters() (Counters, error)
	inspector
	// Text is the rules as installed, each beside its classic command.
	Text() (string, error)
	// Owner is a descriptor that keeps the rules in the kernel while anybody
	// holds it, or child.Absent. It stays the Capture's own.
	Owner() int
	Close() error
}

// slotsPerFlow leaves room for flows that have ended and whose slots the kernel has not
// collected yet.
const slotsPerFlow = 2

// kernelRules is the Capture of the real kernel.
type kernelRules struct {
	*interceptor.Interceptor
	features    interceptor.Features
	capture     interceptor.Capture
	handshake   interceptor.Handshake
	memory      interceptor.Memory
	flowTimeout time.Duration

	mu   sync.Mutex
	spec *interceptor.Spec

	counting   sync.Mutex // held while counters are read: taken in another order they would seem to fall
	last, base interceptor.Counters
}

// OpenCapture asks the kernel what it can and chooses; it installs nothing. memory is
// an interceptor.Memory or "auto".
func OpenCapture(ctx context.Context, c *config.Config, memory string, flowTimeout time.Duration, log *slog.Logger) (Capture, error) {
	features, err := interceptor.Probe(ctx)
	if err != nil {
		return nil, err
	}
	k := &kernelRules{features: features, flowTimeout: flowTimeout}
	if k.memory, err = features.ChooseMemory(memory); err != nil {
		return nil, err
	}
	if k.memory == interceptor.Sets && features.Programs != nil {
		log.Info("flows are remembered in sets: new connections cost more", "because", features.Programs)
	}
	if err := k.choose(c); err != nil {
		return nil, err
	}
	if k.Interceptor, err = interceptor.Open(log); err != nil {
		return nil, err
	}
	return k, nil
}

func (k *kernelRules) choose(c *config.Config) error {
	capture, handshake, err := k.features.Choose(string(c.Intercept.Capture), string(c.Intercept.Handshake))
	if err != nil {
		return err
	}
	k.capture, k.handshake = capture, handshake
	return nil
}

// Methods implements Capture.
func (k *kernelRules) Methods() (capture, handshake string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return string(k.capture), string(k.handshake)
}

// Apply implements Capture.
func (k *kernelRules) Apply(ctx context.Context, c *config.Config, mac [6]byte, flows int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	// A choice that cannot be installed changes nothing.
	before := [2]string{string(k.capture), string(k.handshake)}
	if err := k.choose(c); err != nil {
		return err
	}
	if err := k.install(ctx, c, mac, flows); err != nil {
		k.capture, k.handshake = interceptor.Capture(before[0]), interceptor.Handshake(before[1])
		return err
	}
	return nil
}

func (k *kernelRules) install(ctx context.Context, c *config.Config, mac [6]byte, flows int) error {
	spec := interceptor.Spec{
		Bridge: c.Bridge.Name, BridgeMAC: mac, LAN: c.Bridge.Ports[0], WAN: c.Bridge.Ports[1],
		Ports: c.Intercept.Ports, VLANs: c.Bridge.VLANs, IPv6: c.Intercept.IPv6,
		Capture: k.capture, Handshake: k.handshake, Memory: k.memory, ProxyPort: c.Proxy.Port, Slots: uint32(flows) * slotsPerFlow,
		OwnPorts:     c.Proxy.ClientPort != config.ClientPortKeep || c.Intercept.Mode != config.ModeFull,
		ArmedTimeout: c.Watchdog.Timeout, FlowTimeout: k.flowTimeout,
	}
	if spec.OwnPorts {
		spec.Memory = interceptor.Sets
	}
	if spec.Memory == interceptor.Programs {
		spec.Slots = uint32(flows) // they give a slot back at once
	}
	for _, p := range c.Intercept.Bypass {
		spec.Bypass = append(spec.Bypass, interceptor.Pair{Client: p.Client, Server: p.Server})
	}
	if err := k.Interceptor.Apply(ctx, spec); err != nil {
		return err
	}
	spec = spec.DefaultTimeouts()
	k.spec = &spec
	return nil
}

// Counters implements Capture. The kernel's counters start at 0 again when its
// tables are made anew; these do not.
func (k *kernelRules) Counters() (Counters, error) {
	k.counting.Lock()
	defer k.counting.Unlock()
	now, err := k.Interceptor.Counters()
	if err == nil {
		if now.Captured < k.last.Captured || now.Bridged < k.last.Bridged {
			k.base = sumOf(k.base, k.last)
		}
		k.last = now
	}
	sum := sumOf(k.base, k.last)
	return Counters{Captured: sum.Captured, Bridged: sum.Bridged, Refused: sum.RefusedFull}, err
}

func sumOf(a, b interceptor.Counters) interceptor.Counters {
	return interceptor.Counters{Captured: a.Captured + b.Captured, Bridged: a.Bridged + b.Bridged, RefusedFull: a.RefusedFull + b.RefusedFull}
}

// Text implements Capture.
func (k *kernelRules) Text() (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.spec == nil {
		return "", fmt.Errorf("print rules: none are installed yet")
	}
	var b strings.Builder
	err := interceptor.WriteText(&b, *k.spec)
	return b.String(), err
}

// Owner implements Capture.
func (k *kernelRules) Owner() int { return k.OwnerFD() }
