package qemu

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
)

// PressPower presses the power button (ACPI).
func (p *Process) PressPower(ctx context.Context) error {
	return p.monitor(ctx, request{Execute: "system_powerdown"})
}

// PressCtrlAltDel presses these three keys on the machine's keyboard.
func (p *Process) PressCtrlAltDel(ctx context.Context) error {
	type key struct {
		Type string `json:"type"`
		Data string `json:"data"`
	}
	keys := []key{{"qcode", "ctrl"}, {"qcode", "alt"}, {"qcode", "delete"}}
	return p.monitor(ctx, request{Execute: "send-key", Arguments: map[string]any{"keys": keys}})
}

// PressReset presses the reset button: nothing in the machine is asked.
func (p *Process) PressReset(ctx context.Context) error {
	return p.monitor(ctx, request{Execute: "system_reset"})
}

// request is a command of the monitor's protocol.
type request struct {
	Execute   string         `json:"execute"`
	Arguments map[string]any `json:"arguments,omitempty"`
}

// monitor has QEMU's monitor (QMP) carry out a command.
func (p *Process) monitor(ctx context.Context, command request) error {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", p.monitorPath)
	if err != nil {
		return fmt.Errorf("ask QEMU for %s: %w", command.Execute, err)
	}
	defer conn.Close()
	// The other end is ours, and yet may hang.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	lines := bufio.NewScanner(conn)
	to := json.NewEncoder(conn)
	for _, r := range []request{{Execute: "qmp_capabilities"}, command} {
		if err := to.Encode(r); err != nil {
			return fmt.Errorf("ask QEMU for %s: %w", r.Execute, err)
		}
		if err := answer(lines); err != nil {
			return fmt.Errorf("ask QEMU for %s: %w", r.Execute, err)
		}
	}
	return nil
}

// answer waits for what the monitor says to one request.
func answer(lines *bufio.Scanner) error {
	for lines.Scan() {
		var said struct {
			Return json.RawMessage `json:"return"`
			Error  json.RawMessage `json:"error"`
		}
		if err := json.Unmarshal(lines.Bytes(), &said); err != nil || said.Error != nil {
			return fmt.Errorf("it answered %s", lines.Bytes())
		}
		if said.Return != nil {
			return nil // else a greeting, or news
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return fmt.Errorf("it has ended")
}
