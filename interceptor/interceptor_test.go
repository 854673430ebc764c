package interceptor

import (
	"strings"
	"testing"
)

func TestInstalledRules(t *testing.T) {
	s := box(t)
	i := opened(t)
	must(t, i.Apply(t.Context(), s))
	t.Log(output(t, "nft", "list", "table", "bridge", "limpid"))
	t.Log(output(t, "nft", "list", "table", "inet", "limpid"))
	t.Log(output(t, "ip", "rule"))
	var b strings.Builder
	must(t, WriteText(&b, s))
	t.Log(b.String())
	must(t, i.Arm())
	must(t, i.Arm())
	t.Log(output(t, "nft", "list", "set", "bridge", "limpid", "armed"))
	must(t, i.Disarm())
	c, err := i.Counters()
	must(t, err)
	t.Log(c)
	f, err := Probe(t.Context())
	must(t, err)
	t.Logf("%+v", f)
}
