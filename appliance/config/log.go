package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// minKeep is room for eight files of a useful size, the least that accesslog takes.
const minKeep = MiB

// readLog reads where log lines are kept and sent.
func readLog(t *table, to *Log) {
	t.text("path", takePath(&to.Path))
	keep := to.Keep
	if t.size("keep", &keep); keep != 0 && keep < minKeep {
		t.doc.report(t.key("keep"), "%q is too little; use at least %q, or \"0\" for none on disk", keep, minKeep)
	} else {
		to.Keep = keep
	}
	word(t, "format", &to.Format, LogJSON, LogSquid)
	word(t, "fsync", &to.Fsync, FsyncRotate, FsyncSecond, FsyncNever)
	t.text("syslog", func(s string) error {
		if !isCollector(s) {
			return fmt.Errorf(`%s is no syslog collector; write it like "udp://192.0.2.5:514" or "tcp://log.example:514"`, quote(s))
		}
		to.Syslog = s
		return nil
	})
}

// isCollector accepts nothing, or udp:// (RFC 5426) or tcp:// (RFC 6587) with host and port. The port is always written
// out: there is none for tcp that all collectors agree on.
func isCollector(s string) bool {
	if s == "" {
		return true
	}
	scheme, rest, _ := strings.Cut(s, "://")
	host, _, ok := splitHostPort(rest)
	if !ok || scheme != "udp" && scheme != "tcp" {
		return false
	}
	_, err := netip.ParseAddr(host)
	return err == nil || isHostName(host)
}
