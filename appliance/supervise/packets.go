package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"limpid/appliance/child"
	"limpid/appliance/control"
	"limpid/appliance/link"
	"limpid/appliance/packets"
)

const (
	// captureGrace is how much longer than it was asked a capture may take to end.
	captureGrace = 5 * time.Second
	// captureKept is how long a capture that has ended is kept in memory.
	captureKept = 15 * time.Minute
)

// packetCapture is a packet capture that goes on, or has ended and is kept.
type packetCapture struct {
	control.CaptureRequest
	id     uint64
	begun  time.Time
	ports  []packets.Port
	socket int
	file   *packetFile
	stop   chan struct{} // receives when it is to end
	over   chan struct{} // closed when it has

	mu      sync.Mutex
	count   packets.Count
	ended   time.Time
	problem string
}

// shown is what is told of it.
func (c *packetCapture) shown() control.PacketCapture {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := control.PacketCapture{
		CaptureRequest: c.CaptureRequest, ID: c.id, Begun: c.begun, Running: c.ended.IsZero(),
		Frames: c.count.Frames, Bytes: c.count.Bytes, Dropped: c.count.Dropped, Outcome: string(c.count.Ended), Problem: c.problem,
	}
	until := c.begun.Add(time.Duration(c.For))
	if !s.Running {
		until = c.ended.Add(captureKept)
	}
	s.Left = int(math.Ceil(max(time.Until(until), 0).Seconds()))
	if c.problem != "" {
		s.Outcome = "failed"
	}
	return s
}

// note takes what the process tells.
func (c *packetCapture) note(count packets.Count) {
	c.mu.Lock()
	defer c.mu.Unlock()
	count.Bytes = min(max(count.Bytes, 0), c.Size)
	c.count = count
	c.file.set(count.Bytes, false)
}

// finish ends it, for whoever waits for that or reads.
func (c *packetCapture) finish(why string) {
	c.mu.Lock()
	if c.count.Ended == "" {
		c.problem = why
	}
	c.ended = time.Now()
	c.file.set(c.count.Bytes, true)
	c.mu.Unlock()
	close(c.over)
}

func (c *packetCapture) running() bool {
	select {
	case <-c.over:
		return false
	default:
		return true
	}
}

// packetCapturer has frames recorded, each time by a process of its own.
type packetCapturer struct {
	log     *slog.Logger
	version string
	command command // but for its files
	open    func(packets.Filter) (fd int, err error)
	wanted  chan *packetCapture // by run

	mu      sync.Mutex
	last    *packetCapture // nil: there is none, or no longer
	started uint64
	closed  bool
}

func (s *Supervisor) newPacketCapturer() *packetCapturer {
	return &packetCapturer{log: s.Log, version: s.Version, open: packets.Open, wanted: make(chan *packetCapture, 1), command: command{
		name: "packets", path: s.Program, args: append([]string{"limpid"}, s.Arguments("packets")...), env: s.Env,
		user: child.PacketsUser(), log: &lineLog{s.Log.With("child", "packets")},
	}}
}

// run makes one capture after the other until ctx ends, and forgets the last one
// after a while.
func (p *packetCapturer) run(ctx context.Context) {
	var kept <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			p.close()
			return
		case c := <-p.wanted:
			p.record(ctx, c)
			kept = time.After(captureKept)
		case <-kept:
			p.mu.Lock()
			if p.last != nil && !p.last.running() {
				p.drop()
			}
			p.mu.Unlock()
		}
	}
}

// close refuses what comes, and ends what nobody will record.
func (p *packetCapturer) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	select {
	case c := <-p.wanted:
		_ = unix.Close(c.socket)
		c.finish("limpid is stopping")
	default:
	}
	p.drop()
}

// drop gives the memory of the last one back; it is called with the lock held.
func (p *packetCapturer) drop() {
	if p.last != nil {
		p.last.file.close()
		p.last = nil
	}
}

// record runs the process that records, to its end.
func (p *packetCapturer) record(ctx context.Context, c *packetCapture) {
	command := p.command
	command.files = func(link int) []int { return []int{link, c.socket, int(c.file.file.Fd())} }
	process, err := start(command)
	_ = unix.Close(c.socket) // the process has its own
	if err != nil {
		p.log.Error("packet capture", "error", err)
		c.finish(err.Error())
		return
	}
	p.log.Info("packet capture begins", "capture", c.id, "who", c.Who, "side", string(c.Side), "for", time.Duration(c.For), "size", c.Size, "pid", process.pid)
	told := packets.Settings{Ports: c.ports, For: time.Duration(c.For), Size: c.Size, Version: p.version}
	process.oversee(ctx, told, map[string]link.Handler{child.MethodRecorded: c.recorded}, time.Duration(c.For)+captureGrace, c.stop)
	c.finish("the process that records " + process.ended)
	s := c.shown()
	p.log.Info("packet capture has ended", "capture", c.id, "outcome", s.Outcome, "frames", s.Frames, "bytes", s.Bytes, "dropped", s.Dropped, "problem", s.Problem)
}

func (c *packetCapture) recorded(params json.RawMessage) (any, error) {
	var count packets.Count
	if err := json.Unmarshal(params, &count); err != nil {
		return nil, fmt.Errorf("read %s: %w", child.MethodRecorded, err)
	}
	c.note(count)
	return struct{}{}, nil
}

// begin has frames of ports recorded.
func (p *packetCapturer) begin(request control.CaptureRequest, ports []packets.Port, own packets.Own) (*packetCapture, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return nil, errors.New("capture: limpid is stopping")
	case p.last != nil && p.last.running():
		s := p.last.shown()
		by := ""
		if s.Who != "" {
			by = ", begun by " + s.Who
		}
		return nil, control.Refuse(fmt.Errorf("capture: there is one already%s, for another %d s: stop it, or wait", by, s.Left))
	}
	filter := packets.Filter{Host: request.Host, Port: request.Port, VLAN: request.VLAN, Own: own}
	for _, port := range ports {
		filter.Ports = append(filter.Ports, port.Index)
	}
	file, err := newPacketFile(request.Size)
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	socket, err := p.open(filter)
	if err != nil {
		file.close()
		return nil, fmt.Errorf("capture: %w", err)
	}
	p.drop()
	p.started++
	p.last = &packetCapture{
		CaptureRequest: request, id: p.started, begun: time.Now(), ports: ports, socket: socket, file: file,
		stop: make(chan struct{}, 1), over: make(chan struct{}),
	}
	p.wanted <- p.last // there is room: the one before has ended
	return p.last, nil
}

// find gives the capture of a number.
func (p *packetCapturer) find(id uint64) (*packetCapture, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil || p.last.id != id {
		return nil, control.Refuse(fmt.Errorf("capture %d: there is none, or no longer", id))
	}
	return p.last, nil
}

// end stops the capture of a number, and waits until it has.
func (p *packetCapturer) end(ctx context.Context, id uint64) (*packetCapture, error) {
	c, err := p.find(id)
	if err != nil {
		return nil, err
	}
	wake(c.stop)
	select {
	case <-c.over:
		return c, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("stop capture %d: %w", id, context.Cause(ctx))
	}
}

// remove forgets the capture of a number.
func (p *packetCapturer) remove(ctx context.Context, id uint64) error {
	c, err := p.end(ctx, id)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == c {
		p.drop()
	}
	return nil
}
