package interceptor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// sysctl is one value under /proc/sys/net that capturing needs.
type sysctl struct{ key, value, why string }

func sysctls() []sysctl {
	return []sysctl{
		{"ipv4/tcp_fwmark_accept", "1", "accepted sockets take the mark of their SYN"},
		{"ipv4/fwmark_reflect", "1", "resets without a socket take the mark of what they answer"},
		{"ipv6/fwmark_reflect", "1", "the same for IPv6"},
		// A client that comes again from the same port meets the TIME-WAIT of our
		// upstream leg: RFC 6191 lets timestamps tell the two apart.
		{"ipv4/tcp_tw_reuse", "1", "a client may use its port again at once"},
	}
}

// setSysctls writes what differs and returns what was there before.
func setSysctls(wanted []sysctl) ([]sysctl, error) {
	var before []sysctl
	for _, s := range wanted {
		path := filepath.Join("/proc/sys/net", s.key)
		old, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // IPv6 is not in this kernel
		}
		if err != nil {
			return before, fmt.Errorf("read sysctl net/%s: %w", s.key, err)
		}
		value := strings.TrimSpace(string(old))
		if value == s.value {
			continue
		}
		if err := os.WriteFile(path, []byte(s.value), 0o644); err != nil {
			return before, fmt.Errorf("set sysctl net/%s to %s (%s): %w", s.key, s.value, s.why, err)
		}
		before = append(before, sysctl{s.key, value, "as it was"})
	}
	return before, nil
}
