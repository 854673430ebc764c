package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"limpid/test/lab"
)

// tcpCount is how many connections a node's TCP has opened and been asked for
// (RFC 4022, tcpActiveOpens and tcpPassiveOpens), whoever owned the sockets.
type tcpCount struct{ active, passive int64 }

func readTCPCount(n *lab.Node) (c tcpCount, err error) {
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
func parseTCPCount(snmp string) (tcpCount, error) {
	var names []string
	for line := range strings.Lines(snmp) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "Tcp:" {
			continue
		}
		if names == nil {
			names = fields
			continue
		}
		var c tcpCount
		for i, name := range names[:min(len(names), len(fields))] {
			switch name {
			case "ActiveOpens":
				c.active, _ = strconv.ParseInt(fields[i], 10, 64)
			case "PassiveOpens":
				c.passive, _ = strconv.ParseInt(fields[i], 10, 64)
			}
		}
		return c, nil
	}
	return tcpCount{}, fmt.Errorf("read TCP counters: no Tcp lines in %q", snmp)
}

func (c tcpCount) since(before tcpCount) tcpCount {
	return tcpCount{c.active - before.active, c.passive - before.passive}
}
