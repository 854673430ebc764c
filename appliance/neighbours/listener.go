package neighbours

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"time"
)

const (
	// apart is the least time between two frames of a port that are looked at, however many come.
	apart = 100 * time.Millisecond
	// again is when a socket that could not be opened, or has failed, is opened anew: a
	// bridge may be missing, go down or be made anew.
	again = 5 * time.Second
)

// Listener hears both ports. Make one with New.
type Listener struct {
	ears [2]ear
}

// ear hears one port.
type ear struct {
	log    *slog.Logger
	bridge string
	port   string // for the log
	mark   uint32
	kept   kept
}

// New makes a Listener on a bridge. lan and wan are the marks that frames have which
// came in by these ports.
func New(bridge string, lan, wan uint32, log *slog.Logger) *Listener {
	return &Listener{ears: [2]ear{
		{log: log, bridge: bridge, port: "lan", mark: lan}, {log: log, bridge: bridge, port: "wan", mark: wan},
	}}
}

// Run listens until ctx ends.
func (l *Listener) Run(ctx context.Context) {
	var both sync.WaitGroup
	for i := range l.ears {
		both.Go(func() { l.ears[i].run(ctx) })
	}
	both.Wait()
}

// Heard gives what is kept of each port, the frame heard longest ago first.
func (l *Listener) Heard() (lan, wan []Frame) { return l.ears[0].kept.list(), l.ears[1].kept.list() }

// run opens the socket as often as it takes. That nobody is heard disturbs nobody else,
// so a failure is only logged, once.
func (e *ear) run(ctx context.Context) {
	said := ""
	for ctx.Err() == nil {
		err := e.listen(ctx)
		if ctx.Err() != nil {
			return
		}
		if err.Error() != said {
			said = err.Error()
			e.log.Info("no neighbours are heard for now", "port", e.port, "error", err)
		}
		pause(ctx, again)
	}
}

// listen keeps what comes until the socket fails, or ctx ends.
func (e *ear) listen(ctx context.Context) error {
	socket, err := open(e.bridge, e.mark)
	if err != nil {
		return err
	}
	defer socket.Close()
	stop := context.AfterFunc(ctx, func() { _ = socket.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	return e.hear(ctx, socket)
}

func (e *ear) hear(ctx context.Context, socket *os.File) error {
	buffer := make([]byte, MaxFrame+1)
	for ctx.Err() == nil { // pause no longer waits when it has ended
		n, err := socket.Read(buffer)
		if err != nil {
			return errors.Join(err, ctx.Err())
		}
		e.kept.add(buffer[:n], time.Now())
		pause(ctx, apart)
	}
	return ctx.Err()
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
