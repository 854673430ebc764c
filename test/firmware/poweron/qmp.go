package poweron

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
)

// PressPower presses the power button (ACPI).
func (m *Machine) PressPower(ctx context.Context) error { return m.monitor(ctx, "system_powerdown") }

// monitor has QEMU's monitor (QMP) carry out a command.
func (m *Machine) monitor(ctx context.Context, command string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", filepath.Join(m.dir, "qmp"))
	if err != nil {
		return fmt.Errorf("ask QEMU for %s: %w", command, err)
	}
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	for _, c := range []string{"qmp_capabilities", command} {
		if _, err := fmt.Fprintf(conn, "{\"execute\": %q}\n", c); err != nil {
			return fmt.Errorf("ask QEMU for %s: %w", c, err)
		}
		for lines.Scan() {
			var answer struct {
				Return json.RawMessage `json:"return"`
				Error  json.RawMessage `json:"error"`
			}
			if err := json.Unmarshal(lines.Bytes(), &answer); err != nil || answer.Error != nil {
				return fmt.Errorf("ask QEMU for %s: it answered %s", c, lines.Bytes())
			}
			if answer.Return != nil {
				break // else a greeting, or news
			}
		}
		if err := lines.Err(); err != nil {
			return fmt.Errorf("ask QEMU for %s: %w", c, err)
		}
	}
	return nil
}
