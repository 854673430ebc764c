package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"limpid/test/lab"
)

// tcpCount is how many connections a node's TCP has opened and been asked for
// (RFC 4022, tcpActiveOpens and tcpPassiveOpens), whoever owned the sockets.
type tcpCount struct{ active, passive int64 }

func readTCPCount(n *lab.Node) (c tcpCount, err error) {
	// Counters belong to a network namespace; the thread has to be in it.
	err = n.Do(func() error {
		// Not /proc/net: that is the namespace of the process's first thread.
		text, err := os.ReadFile("/proc/thread-self/net/snmp")
		if err != nil {
			return fmt.Errorf("read TCP counters of %s: %w", n.Name, err)
		}
		c, err = parseTCPCount(string(text))
		return err
	})
	return c, err
}

// parseTCPCount reads the two Tcp lines, names and then values.
func parseTCPCount(snmp string) (c tcpCount, err error) {
	var lines [][]string
	for line := range strings.Lines(snmp) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] == "Tcp:" {
			lines = append(lines, fields)
		}
	}
	if len(lines) != 2 || len(lines[0]) != len(lines[1]) {
		return c, fmt.Errorf("read TCP counters: no names and values in %q", snmp)
	}
	for name, value := range map[string]*int64{"ActiveOpens": &c.active, "PassiveOpens": &c.passive} {
		i := slices.Index(lines[0], name)
		if i < 0 {
			return c, fmt.Errorf("read TCP counters: no %s in %q", name, lines[0])
		}
		if *value, err = strconv.ParseInt(lines[1][i], 10, 64); err != nil {
			return c, fmt.Errorf("read TCP counters: %s: %w", name, err)
		}
	}
	return c, nil
}

// since is what was added after before was read; the counters never go back.
func (c tcpCount) since(before tcpCount) tcpCount {
	return tcpCount{c.active - before.active, c.passive - before.passive}
}
