package wire

import (
	"testing"
	"time"

	"github.com/google/nftables"

	"limpid/test/lab"
)

// openSets opens a socket on the box's nft tables, for as long as the test takes.
func openSets(t *testing.T, l *lab.Lab) (sets *nftables.Conn) {
	t.Helper()
	must(t, l.Box.Do(func() (err error) {
		sets, err = nftables.New(nftables.AsLasting())
		return err
	}))
	t.Cleanup(func() { must(t, sets.CloseLasting()) })
	return sets
}

// elements is how many a set of limpid's bridge table has.
func elements(t *testing.T, sets *nftables.Conn, name string) int {
	t.Helper()
	return len(lifetimes(t, sets, name))
}

// lifetimes are how long its elements will stay if nothing happens.
func lifetimes(t *testing.T, sets *nftables.Conn, name string) (left []time.Duration) {
	t.Helper()
	set, err := sets.GetSetByName(&nftables.Table{Name: "limpid", Family: nftables.TableFamilyBridge}, name)
	must(t, err)
	list, err := sets.GetSetElements(set)
	must(t, err)
	for _, e := range list {
		left = append(left, e.Expires)
	}
	return left
}
