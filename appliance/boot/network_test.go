package boot

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"limpid/appliance/control"
)

// timeServer is a server on loopback whose clock is ahead, and counts who asks.
func timeServer(t *testing.T, ahead time.Duration) (address string, asked <-chan struct{}) {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	questions := make(chan struct{}, 100)
	go func() {
		b := make([]byte, 1024)
		for {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			if n != 48 || b[0]&7 != 3 {
				continue
			}
			questions <- struct{}{}
			answer := make([]byte, 48) // RFC 5905, figure 8
			answer[0], answer[1] = 4<<3|4, 1
			copy(answer[24:], b[40:48])
			now := uint32(time.Now().Add(ahead).Unix() + 2208988800)
			binary.BigEndian.PutUint32(answer[32:], now)
			binary.BigEndian.PutUint32(answer[40:], now)
			if _, err := conn.WriteTo(answer, from); err != nil {
				return
			}
		}
	}()
	return conn.LocalAddr().String(), questions
}

// memory is a folder in memory, as the firmware's root is.
func memory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "limpid-boot-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// The supervisor tells of other servers, of none, and of the first again: each time
// just those are asked, and names too. Its end, or nonsense, changes nothing.
func TestNetworkIsFollowed(t *testing.T) {
	dir, root := t.TempDir(), memory(t)
	one, askedOne := timeServer(t, time.Hour)
	two, askedTwo := timeServer(t, 2*time.Hour)
	corrected := make(chan time.Duration, 100)
	var mu sync.Mutex
	alarms := map[string]error{}
	n := network{
		dir: dir, resolv: filepath.Join(root, "resolv.conf"), every: 20 * time.Millisecond, log: slog.New(slog.DiscardHandler), built: time.Now().Add(-time.Hour),
		correct: func(offset time.Duration) error { corrected <- offset; return nil },
		set:     func() { t.Error("nobody has set the clock") },
		alarm: func(about string, err error) {
			mu.Lock()
			defer mu.Unlock()
			alarms[about] = err
		},
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { n.run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })

	tell := func(told control.Network) {
		t.Helper()
		if err := control.WriteNetwork(dir, told); err != nil {
			t.Fatal(err)
		}
	}
	within := func(what string, done func() bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("never: " + what)
			}
		}
	}
	expect := func(asked <-chan struct{}, want time.Duration) {
		t.Helper()
		select {
		case <-asked:
		case <-time.After(time.Minute):
			t.Fatal("the server is not asked")
		}
		select {
		case got := <-corrected:
			if (got - want).Abs() > time.Minute {
				t.Errorf("corrected by %v, want %v", got, want)
			}
		case <-time.After(time.Minute):
			t.Fatal("the time is not corrected")
		}
	}
	resolver := func(want string) {
		t.Helper()
		within(want, func() bool {
			text, err := os.ReadFile(n.resolv)
			return err == nil && string(text) == "# written by limpid\n"+want
		})
	}

	tell(control.Network{DNS: []netip.Addr{netip.MustParseAddr("192.0.2.53"), netip.MustParseAddr("2001:db8::53")}, NTP: []string{one}})
	expect(askedOne, time.Hour)
	resolver("nameserver 192.0.2.53\nnameserver 2001:db8::53\n")
	tell(control.Network{NTP: []string{two}})
	expect(askedTwo, 2*time.Hour)
	resolver("")
	if err := os.WriteFile(filepath.Join(dir, "network.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	within("an alarm", func() bool { mu.Lock(); defer mu.Unlock(); return alarms["network"] != nil })
	tell(control.Network{})
	within("the end of the alarm", func() bool { mu.Lock(); defer mu.Unlock(); return alarms["network"] == nil })
	tell(control.Network{NTP: []string{one}})
	expect(askedOne, time.Hour)
	if len(askedOne)+len(askedTwo)+len(corrected) > 0 {
		t.Errorf("asked too often: %d, %d, corrected %d", len(askedOne), len(askedTwo), len(corrected))
	}
	mu.Lock()
	defer mu.Unlock()
	for about, err := range alarms {
		if err != nil {
			t.Errorf("%s: %v", about, err)
		}
	}
}

// A panic while the time is kept is an alarm, and no more.
// What a person has set the clock to is kept once, and again with the next time.
func TestClockThatIsSetIsKept(t *testing.T) {
	dir := t.TempDir()
	set, looks, over := make(chan struct{}, 100), make(chan struct{}), make(chan struct{})
	n := network{
		dir: dir, resolv: filepath.Join(t.TempDir(), "none", "resolv.conf"), every: time.Millisecond, log: slog.New(slog.DiscardHandler),
		set: func() { set <- struct{}{} },
		alarm: func(about string, _ error) {
			if about == "network" {
				select {
				case looks <- struct{}{}:
				case <-over:
				}
			}
		},
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { n.run(ctx) })
	for i, at := range []time.Time{{}, time.Unix(1_800_000_000, 0), time.Unix(1_700_000_000, 0)} {
		if !at.IsZero() {
			if err := control.WriteClock(dir, control.Clock{Time: at}); err != nil {
				t.Fatal(err)
			}
		}
		for range 4 {
			<-looks
		}
		if len(set) != i {
			t.Errorf("after %v: kept %d times, want %d", at, len(set), i)
		}
	}
	stop()
	close(over)
	running.Wait()
}

func TestTimeCannotEndTheBox(t *testing.T) {
	server, _ := timeServer(t, time.Hour)
	alarms := make(chan error, 1)
	n := network{
		log: slog.New(slog.DiscardHandler), correct: func(time.Duration) error { panic("boom") },
		alarm: func(_ string, err error) { alarms <- err },
	}
	stop := n.keepTime(t.Context(), []string{server})
	select {
	case err := <-alarms:
		if !strings.HasSuffix(err.Error(), "panic: boom") {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("no alarm")
	}
	stop()
}

// A resolver's file that is not in memory is somebody else's.
func TestResolverOfAHostIsLeftAlone(t *testing.T) {
	if err := writeResolver("/proc/resolv.conf", nil); !errors.Is(err, errHost) {
		t.Errorf("written: %v", err)
	}
}
