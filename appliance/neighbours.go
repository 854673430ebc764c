package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"limpid/appliance/control"
	"limpid/appliance/lldp"
)

func neighboursCommand() command {
	return command{name: "neighbours", usage: "[--json] [--run DIR]", summary: "Show what systems at both ends of the wire say of themselves",
		help: `
  --json     the same, with names
  --run DIR  run directory of the supervisor (` + defaultRunDir + `)

Switches and many servers say by LLDP (IEEE 802.1AB), twice a minute, who they are and which port of theirs a cable
is in. limpid listens, lets them pass as all else, and never speaks itself. What is shown is what they say.`,
		run: listNeighbours}
}

// end is one end of the wire, with who is there.
type end struct {
	name string
	list []lldp.Present
}

func listNeighbours(ctx context.Context, t terminal, args []string) error {
	set := newFlags("neighbours")
	asJSON, dir := set.Bool("json", false, ""), runFlag(set)
	if _, err := parse(set, args); err != nil {
		return err
	}
	client := control.NewClient(*dir)
	defer client.Close()
	n, err := client.Neighbours(ctx)
	if err != nil {
		return err
	}
	clients, servers := presentOf(n.LAN), presentOf(n.WAN)
	if *asJSON {
		return printJSON(t.out, map[string][]toldNeighbour{"lan": toldOf(clients), "wan": toldOf(servers)})
	}
	for _, e := range []end{{"clients", clients}, {"servers", servers}} {
		printEnd(t.out, e)
	}
	return nil
}

// presentOf reads frames, which the supervisor has not.
func presentOf(heard []control.Neighbour) []lldp.Present {
	frames := make([]lldp.Heard, len(heard))
	for i, h := range heard {
		frames[i] = lldp.Heard{Frame: h.Frame, Age: time.Duration(h.Age * float64(time.Second))}
	}
	return lldp.Of(frames)
}

// toldNeighbour is a neighbour for programs.
type toldNeighbour struct {
	lldp.Neighbour
	TTL int     `json:"ttl"` // s that it holds from its arrival
	Age float64 `json:"age"` // s since then
}

func toldOf(list []lldp.Present) []toldNeighbour {
	told := []toldNeighbour{}
	for _, n := range list {
		told = append(told, toldNeighbour{n.Neighbour, int(n.TTL / time.Second), n.Age.Seconds()})
	}
	return told
}

func printEnd(w io.Writer, e end) {
	if len(e.list) == 0 {
		fmt.Fprintf(w, "%-8s nobody is heard\n", e.name)
	}
	for _, n := range e.list {
		fmt.Fprintf(w, "%-8s %s\n", e.name, n.Called())
		for _, l := range []struct{ name, text string }{
			{"port", n.Port}, {"", n.PortDescription}, {"chassis", n.Chassis}, {"is", strings.Join(n.Is, ", ")},
			{"address", strings.Join(n.Management, ", ")}, {"says", n.Description},
			{"heard", fmt.Sprintf("%s ago from %s, holds for another %s", ago(n.Age), n.MAC, ago(n.TTL-n.Age))},
		} {
			if l.text != "" {
				fmt.Fprintf(w, "           %-9s %s\n", l.name, l.text)
			}
		}
	}
}

// beside is who is at one end, in a line each, for below what is said of its port.
func beside(heard []control.Neighbour) string {
	var text strings.Builder
	for _, n := range presentOf(heard) {
		text.WriteString("\n            beside " + n.Called())
		if at := n.At(); at != "" {
			text.WriteString(", port " + at)
		}
		fmt.Fprintf(&text, " (LLDP, %s ago)", ago(n.Age))
	}
	return text.String()
}
