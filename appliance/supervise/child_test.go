package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"limpid/appliance/child"
	"limpid/appliance/link"
	"limpid/proxy/handover"
	"limpid/proxy/scoreboard"
)

// The test binary is also the program of the children: a gate and a proxy that
// do the least a box needs, on the same descriptors as the real ones.

func TestMain(m *testing.M) {
	if len(os.Args) == 2 {
		switch os.Args[1] {
		case "packets":
			if err := testPackets(); err != nil {
				slog.New(slog.NewJSONHandler(os.Stderr, nil)).Error("child", "error", err)
				os.Exit(1)
			}
			os.Exit(0)
		case "web":
			time.Sleep(time.Hour) // until it is ended
			os.Exit(0)
		case "ladder":
			if err := testLadder(); err != nil {
				slog.New(slog.NewJSONHandler(os.Stderr, nil)).Error("child", "error", err)
				os.Exit(1)
			}
			os.Exit(0)
		case "gate", "proxy":
			log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
			if err := testChild(os.Args[1], log); err != nil {
				log.Error("child", "error", err)
				if errors.Is(err, errStuck) {
					os.Exit(child.ExitNoRestart)
				}
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

var errStuck = errors.New("these settings do not work")

// testSettings is the first line on a test child's link.
type testSettings struct {
	Origin netip.AddrPort `json:"origin"`
	Loops  int            `json:"loops"`
	Refuse string         `json:"refuse"` // name of the child that will not run
	Panic  string         `json:"panic"`  // name of the child that panics
}

func testChild(name string, log *slog.Logger) error {
	if err := child.Confine(); err != nil {
		return err
	}
	conn, err := link.Open(child.LinkFD)
	if err != nil {
		return err
	}
	var s testSettings
	if err := conn.ReadSettings(&s); err != nil {
		return err
	}
	switch name {
	case s.Refuse:
		return errStuck
	case s.Panic:
		panic("a bug in the " + name)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_ = conn.Run(map[string]link.Handler{
			child.MethodFlows: func(json.RawMessage) (any, error) {
				return child.FlowPage{Total: 1, Flows: json.RawMessage(fmt.Sprintf(`[{"id":%d}]`, os.Getpid()))}, nil
			},
			child.MethodLog: func(p json.RawMessage) (any, error) {
				var q child.LogQuery
				if err := json.Unmarshal(p, &q); err != nil || q.Filter["host"] == "bad" {
					return child.LogPage{Refused: "filter host: bad"}, err
				}
				return child.LogPage{Page: json.RawMessage(fmt.Sprintf(`{"records":[{"flow":%d,"url":%q}],"cursor":"run.9","problems":["disk"]}`, q.Limit, q.After+q.Filter["host"]))}, nil
			},
			child.MethodProxyStarted: func(p json.RawMessage) (any, error) {
				log.Info("told of the proxy", "params", string(p))
				return nil, nil
			},
			child.MethodReset: func(params json.RawMessage) (any, error) { return string(params) == `{"id":7}`, nil },
		})
		cancel()
	}()
	if name == "gate" {
		return testGate(ctx, s)
	}
	return testProxy(ctx, s)
}

func beatOn(ctx context.Context, fd, loops int) (*scoreboard.Board, error) {
	board, err := scoreboard.Open(os.NewFile(uintptr(fd), "board"))
	if err != nil {
		return nil, err
	}
	go func() {
		for ctx.Err() == nil {
			for i := range loops {
				board.Beat(i)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	return board, nil
}

func testGate(ctx context.Context, s testSettings) error {
	if _, err := beatOn(ctx, child.GateBoardFD, 1); err != nil {
		return err
	}
	sender := handover.NewSender(child.GateSendFD)
	for ctx.Err() == nil {
		fd, _, err := unix.Accept4(child.GateListenFD, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if errors.Is(err, unix.EAGAIN) {
			time.Sleep(2 * time.Millisecond)
			continue
		}
		if err != nil {
			return err
		}
		up, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		if err := unix.Connect(up, &unix.SockaddrInet4{Port: int(s.Origin.Port()), Addr: s.Origin.Addr().As4()}); err != nil {
			return err
		}
		f := handover.Flow{ID: 1, Client: s.Origin, Server: s.Origin, Health: true, ClientFD: fd, UpstreamFD: up}
		if err := sender.Send(&f); err != nil {
			return err
		}
		_, _ = unix.Close(fd), unix.Close(up)
	}
	return nil
}

func testProxy(ctx context.Context, s testSettings) error {
	board, err := beatOn(ctx, child.ProxyBoardFD, s.Loops)
	if err != nil {
		return err
	}
	receiver := handover.NewReceiver(child.ProxyReceiveFD)
	for ctx.Err() == nil {
		var f handover.Flow
		if err := receiver.Receive(&f); errors.Is(err, handover.ErrEmpty) {
			time.Sleep(2 * time.Millisecond)
			continue
		} else if err != nil {
			return err
		}
		for _, c := range []scoreboard.Cell{scoreboard.Taken, scoreboard.HealthTaken} {
			board.Add(c, 1)
		}
		go func() {
			relay(f.ClientFD, f.UpstreamFD)
			for _, c := range []scoreboard.Cell{scoreboard.Ended, scoreboard.HealthEnded} {
				board.Add(c, 1)
			}
		}()
	}
	return nil
}

func relay(client, upstream int) {
	var conns [2]net.Conn
	for i, fd := range []int{client, upstream} {
		file := os.NewFile(uintptr(fd), "leg")
		conn, err := net.FileConn(file)
		_ = file.Close()
		if err != nil {
			return
		}
		defer conn.Close()
		conns[i] = conn
	}
	var wg sync.WaitGroup
	for i := range conns {
		wg.Go(func() {
			_, _ = io.Copy(conns[i], conns[1-i])
			_, _ = conns[0].Close(), conns[1].Close()
		})
	}
	wg.Wait()
}
