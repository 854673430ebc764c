package bridge

import (
	"errors"
	"strings"
	"testing"

	rawnl "github.com/mdlayher/netlink"
	"github.com/mdlayher/netlink/nltest"
	"golang.org/x/sys/unix"
)

// TestInterruptedDumpIsRepeated plays a kernel whose lists change while they are read.
func TestInterruptedDumpIsRepeated(t *testing.T) {
	for _, interruptions := range []int{0, 3, dumpTries} {
		asked := 0
		k := &kernel{conn: nltest.Dial(func(req []rawnl.Message) ([]rawnl.Message, error) {
			if len(req) == 0 {
				return nil, nil
			}
			m := rawnl.Message{Header: rawnl.Header{
				Type: unix.RTM_NEWLINK, Sequence: req[0].Header.Sequence, PID: req[0].Header.PID,
			}}
			if asked++; asked <= interruptions {
				m.Header.Flags = rawnl.DumpInterrupted
			}
			return []rawnl.Message{m}, nil
		})}
		msgs, err := k.dump(t.Context(), unix.RTM_GETLINK, nil)
		if interruptions == dumpTries {
			if err == nil || asked != dumpTries {
				t.Errorf("always interrupted: asked %d times, error %v", asked, err)
			}
			continue
		}
		if err != nil || len(msgs) != 1 || asked != interruptions+1 {
			t.Errorf("%d interruptions: asked %d times, %d messages, error %v", interruptions, asked, len(msgs), err)
		}
	}
}

func TestBrokenMessagesAreErrors(t *testing.T) {
	attribute := []byte{200, 0, 3, 0, 'l', 'o', 0, 0} // says that it is 200 bytes long
	for name, b := range map[string][]byte{
		"empty": nil, "short": make([]byte, 7), "attribute": append(make([]byte, 16), attribute...),
	} {
		if _, _, err := parseLink(b); err == nil {
			t.Errorf("%s: parsed as an interface", name)
		}
	}
	for name, b := range map[string][]byte{
		"empty": nil, "short": make([]byte, 7), "attribute": append(make([]byte, 8), attribute...),
	} {
		if _, _, err := parseAddress(b); err == nil {
			t.Errorf("%s: parsed as an address", name)
		}
	}
}

// TestDumpUnderChanges reads the real kernel while another thread changes it.
func TestDumpUnderChanges(t *testing.T) {
	t.Parallel()
	l, b := standing(t)
	w := l.watch(newBridge(t, testSpec))
	k := open(t)
	for range 30 {
		must(t, Release{"wan0", "br0"}.apply(k))
		if _, err := b.Ensure(t.Context()); err != nil && !strings.Contains(err.Error(), "device or resource busy") {
			t.Fatal(err)
		}
	}
	w.stop()
	l.ensure(b)
	l.forwarding(testSpec)
}

func TestOffloadOfADriverWithoutIt(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.port("lan0")
	if lro("lan0") {
		t.Error("veth has no large receive offload")
	}
	if err := disableLRO("lan0"); err != nil {
		t.Error(err)
	}
	if mbps, full := speed("lan0"); mbps != 10000 || !full {
		t.Errorf("speed of veth is %d, full duplex %v; it says 10000, true", mbps, full)
	}
	if mbps, _ := speed("nowhere"); mbps != 0 || lro("nowhere") {
		t.Error("an interface that does not exist has a speed or an offload")
	}
	if err := disableLRO("nowhere"); !errors.Is(err, unix.ENODEV) {
		t.Errorf("error is %v", err)
	}
}

func TestSysctls(t *testing.T) {
	t.Parallel()
	newLab(t)
	const key = "net/ipv4/conf/lo/rp_filter"
	for _, value := range []string{"2", "0"} {
		must(t, writeSysctl(key, value))
		got := readSysctls([]string{key, "net/ipv4/conf/nowhere/rp_filter"})
		if len(got) != 1 || got[key] != value {
			t.Errorf("read %v, want %s", got, value)
		}
	}
	if err := writeSysctl("net/ipv4/conf/nowhere/rp_filter", "0"); err != nil {
		t.Errorf("a file that does not exist: %v", err)
	}
	if err := writeSysctl("net/ipv6/conf/lo/addr_gen_mode", "9"); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a value that is refused: %v", err)
	}
}

func TestProblemsAreOneLine(t *testing.T) {
	if problems(nil).err() != nil {
		t.Error("no problem is an error")
	}
	one := errNoVLAN()
	if got := (problems{one}).err(); !errors.Is(got, one) || errors.As(got, new(problems)) {
		t.Error("one problem is wrapped")
	}
	both := problems{one, unix.EPERM}.err()
	if !errors.Is(both, unix.EPERM) || !errors.Is(both, one) || strings.Contains(both.Error(), "\n") {
		t.Errorf("two problems: %v", both)
	}
}
