package bridge

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// TestMain lets more tests run at once than there are processors: most of their time
// they wait for the kernel, which makes link changes known once a second.
func TestMain(m *testing.M) {
	flag.Parse()
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "test bridge: network namespaces need root: run as root")
		os.Exit(1)
	}
	if err := flag.Set("test.parallel", "12"); err != nil {
		fmt.Fprintln(os.Stderr, "test bridge:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
