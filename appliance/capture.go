package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"limpid/appliance/config"
	"limpid/appliance/control"
)

func captureCommand() command {
	return command{name: "capture", usage: "[-o FILE] [FILTER ...] [--run DIR]", summary: "Record frames of the wire as pcapng",
		help: `
  -o FILE       where to; without it, or with -, standard output, if that is no terminal
  --side S      port of the box: client, server or both (both)
  --host ADDR   only frames from or to that address
  --port N      only TCP, UDP or SCTP from or to that port
  --vlan N      only frames with that VLAN ID in their outer tag
  --for D       how long, 1s to 10m (1m)
  --size N      how much, 4KiB to 64MiB (16MiB)
  --run DIR     run directory of the supervisor (` + defaultRunDir + `)

Ctrl-C ends it too. What the box itself sends or is sent, like its web page, is never recorded. Read it with Wireshark:
  limpid capture --host 192.0.2.1 | tshark -r -`,
		run: captureMain}
}

// countEvery is how often the count is shown anew.
const countEvery = 500 * time.Millisecond

// captureOptions is the command line of capture.
type captureOptions struct {
	run, out string
	request  control.CaptureRequest
}

func captureOptionsOf(args []string) (captureOptions, error) {
	var o captureOptions
	set := newFlags("capture")
	dir := runFlag(set)
	out, side, host := set.String("o", "-", ""), set.String("side", string(control.BothSides), ""), set.String("host", "", "")
	set.Func("port", "", numberFlag(&o.request.Port, 1<<16-1))
	set.Func("vlan", "", numberFlag(&o.request.VLAN, 4094))
	length, size := set.Duration("for", control.DefaultCaptureTime, ""), set.String("size", "16MiB", "")
	if _, err := parse(set, args); err != nil {
		return o, err
	}
	o.run, o.out = *dir, *out
	o.request.Side, o.request.For, o.request.Who = control.Side(*side), control.Duration(*length), "the command line"
	switch o.request.Side {
	case control.ClientSide, control.ServerSide, control.BothSides:
	default:
		return o, badUsage("--side %s: want client, server or both", *side)
	}
	if *host != "" {
		a, err := netip.ParseAddr(*host)
		if err != nil || a.Zone() != "" {
			return o, badUsage("--host %s: want an address, like 192.0.2.1 or 2001:db8::1", *host)
		}
		o.request.Host = a
	}
	bytes, err := config.ParseSize(*size)
	switch {
	case err != nil:
		return o, badUsage("--size: %w", err)
	case bytes < control.MinCaptureSize || bytes > control.MaxCaptureSize:
		return o, badUsage("--size %s: want 4KiB to 64MiB", *size)
	case *length < control.MinCaptureTime || *length > control.MaxCaptureTime:
		return o, badUsage("--for %v: want %v to %v", *length, control.MinCaptureTime, control.MaxCaptureTime)
	}
	o.request.Size = int64(bytes)
	return o, nil
}

// numberFlag reads a number from 1 to most.
func numberFlag(to *uint16, most uint64) func(string) error {
	return func(text string) error {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil || n < 1 || n > most {
			return fmt.Errorf("want 1 to %d", most)
		}
		*to = uint16(n)
		return nil
	}
}

func captureMain(ctx context.Context, t terminal, args []string) error {
	o, err := captureOptionsOf(args)
	if err != nil {
		return err
	}
	if o.out == "-" && isTerminal(t.out) {
		return badUsage("a capture is nothing for a terminal: name a file with -o, or pipe it into tshark -r -")
	}
	// After the first signal its default action is back: a second one ends at once.
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	signal.Ignore(syscall.SIGPIPE) // who reads has enough: that is no accident
	client := control.NewClient(o.run)
	defer client.Close()
	c, err := client.StartCapture(ctx, o.request)
	if err != nil {
		return err // and the file is as it was
	}
	out, err := openCapture(t, o.out)
	if err != nil {
		return errors.Join(err, client.ForgetCapture(context.WithoutCancel(ctx), c.ID))
	}
	fmt.Fprintf(t.err, "limpid capture: recording for %v, at most %v; Ctrl-C ends it\n", time.Duration(c.For), config.Size(c.Size))
	return errors.Join(takeCapture(ctx, t, client, c.ID, out), out.Close())
}

// openCapture opens what is written to, which is for nobody else to read.
func openCapture(t terminal, name string) (io.WriteCloser, error) {
	if name == "-" {
		return keptOpen{t.out}, nil
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write capture: %w", err)
	}
	return file, nil
}

// keptOpen is a writer that somebody else closes.
type keptOpen struct{ io.Writer }

// Close implements io.Closer.
func (keptOpen) Close() error { return nil }

// takeCapture writes a capture as it grows, and shows how it goes; when ctx ends, the
// capture does, and what there is of it is written.
func takeCapture(ctx context.Context, t terminal, client *control.Client, id uint64, out io.Writer) error {
	// What was asked for is seen to its end, whatever ends it.
	asking := context.WithoutCancel(ctx)
	file, err := client.ReadCapture(asking, id)
	if err != nil {
		return err
	}
	defer file.Close()
	copied := make(chan error, 1)
	go func() {
		_, err := io.Copy(out, file)
		copied <- err
	}()
	show := countLine{out: t.err, terminal: isTerminal(t.err)}
	ticks := time.NewTicker(countEvery)
	defer ticks.Stop()
	for interrupted := ctx.Done(); ; {
		select {
		case err := <-copied:
			return endCapture(asking, client, id, &show, err)
		case <-interrupted:
			interrupted = nil
			if _, err := client.StopCapture(asking, id); err != nil {
				return err
			}
		case <-ticks.C:
			if s, err := client.PacketCapture(asking); err == nil && s.Capture != nil && s.Capture.ID == id {
				show.count(s.Capture)
			}
		}
	}
}

// endCapture says how it went, and has the box forget what was written here.
func endCapture(ctx context.Context, client *control.Client, id uint64, show *countLine, copied error) error {
	c, err := client.StopCapture(ctx, id)
	_ = client.ForgetCapture(ctx, id) // what is left of it is forgotten by itself
	show.clear()
	switch {
	case errors.Is(copied, syscall.EPIPE):
		return nil
	case copied != nil:
		return fmt.Errorf("write capture: %w", copied)
	case err != nil:
		return err
	case c.Problem != "":
		return fmt.Errorf("capture: %s", c.Problem)
	}
	fmt.Fprintf(show.out, "limpid capture: %s\n", countText(&c))
	return nil
}

// countText is how far a capture has come.
func countText(c *control.PacketCapture) string {
	text := fmt.Sprintf("%d frames, %.1f KiB", c.Frames, float64(c.Bytes)/(1<<10))
	if c.Dropped > 0 {
		text += fmt.Sprintf("; %d more came too fast", c.Dropped)
	}
	if c.Running {
		return text + fmt.Sprintf("; %d s to go", c.Left)
	}
	return text + "; ended by " + cmp.Or(map[string]string{"time": "its time", "size": "its size", "stopped": "order"}[c.Outcome], c.Outcome)
}

// countLine is a line that is written again and again, on a terminal.
type countLine struct {
	out      io.Writer
	terminal bool
}

func (l *countLine) count(c *control.PacketCapture) {
	if l.terminal {
		fmt.Fprintf(l.out, "\r%-78s", countText(c))
	}
}

func (l *countLine) clear() {
	if l.terminal {
		fmt.Fprintf(l.out, "\r%-78s\r", "")
	}
}

// isTerminal says whether somebody looks at what is written there.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return err == nil
}
