package config

import "fmt"

// readBridge reads the wire. That names and ports differ is checked with the other sections, in checkAcross.
func readBridge(t *table, to *Bridge) {
	t.text("name", takeIfName(&to.Name))
	readPorts(t, to)
	numbers(t, "vlans", 1, 4094, &to.VLANs)
	t.flag("link_propagation", &to.LinkPropagation)
}

// readPorts reads the only key without a default: exactly two interfaces.
func readPorts(t *table, to *Bridge) {
	const mend = `name the clients' side, then the servers': ports = ["eth0", "eth1"]`
	there := t.texts("ports", func(s string) error {
		if err := checkIfName(s); err != nil {
			return err
		}
		if len(to.Ports) > 0 && to.Ports[0] == s {
			return fmt.Errorf("%s is named twice; name two different interfaces", quote(s))
		}
		to.Ports = append(to.Ports, s)
		return nil
	})
	// The number is only worth a word when each name is good: a bad one was left out above.
	switch path := t.key("ports"); {
	case !t.doc.sound(path):
	case !there:
		t.doc.report(path, "is missing; %s", mend)
	case len(to.Ports) != 2:
		t.doc.report(path, "needs two interfaces, has %d; %s", len(to.Ports), mend)
	}
}
