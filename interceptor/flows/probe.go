package flows

import (
	"fmt"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// Probe says whether this kernel takes the programs: it attaches one to the loopback
// interface for a moment, with nothing to look for.
func Probe() error {
	loaded, err := load(Spec{FlowTimeout: time.Second}, nil)
	if err != nil {
		return err
	}
	defer loaded.Close()
	const loopback = 1
	l, err := link.AttachTCX(link.TCXOptions{Interface: loopback, Program: loaded.Programs["from_client"], Attach: ebpf.AttachTCXIngress})
	if err != nil {
		return fmt.Errorf("attach a program: %w", err)
	}
	if err := l.Close(); err != nil {
		return fmt.Errorf("detach a program: %w", err)
	}
	return nil
}
