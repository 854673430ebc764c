package scenarios

import (
	"embed"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"limpid/test/scenarios/script"
)

//go:embed *.txtar
var files embed.FS

// patience is how long a step waits for what must come.
const patience = 15 * time.Second

// atOnce is how many scenarios run at the same time: few where the processor is
// emulated, or limpid takes the load for a proxy that hangs.
func atOnce() int {
	if inVM() {
		return 3
	}
	return 12
}

// inVM says that this is the machine of test/vm.
func inVM() bool { return os.Getenv("LIMPID_VM") == "1" }

// TestMain lets more scenarios run at once than there are processors: most of
// their time they wait. An event loop keeps its processor for a moment when it
// waits, so there are more of those too, as far as Go's scheduler knows.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", strconv.Itoa(atOnce())); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	runtime.GOMAXPROCS(3 * atOnce())
	os.Exit(m.Run())
}

// load reads every scenario, once.
var load = sync.OnceValues(func() ([]*script.Scenario, error) {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	var all []*script.Scenario
	for _, entry := range entries {
		content, err := files.ReadFile(entry.Name())
		if err != nil {
			return nil, err
		}
		s, err := script.Parse(entry.Name(), string(content))
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
})

// each runs f as a subtest for every scenario that which names.
func each(t *testing.T, which func(*script.Scenario) bool, f func(*testing.T, *script.Scenario)) {
	t.Helper()
	all, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if which(s) {
			t.Run(s.Name, func(t *testing.T) {
				t.Parallel()
				f(t, s)
			})
		}
	}
}

func everyOne(*script.Scenario) bool { return true }

// likeAWire are those in which limpid claims to be no more than a wire.
func likeAWire(s *script.Scenario) bool { return s.Differs == "" }
