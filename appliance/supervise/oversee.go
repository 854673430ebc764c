package supervise

import (
	"context"
	"sync"
	"time"

	"limpid/appliance/child"
	"limpid/appliance/link"
)

// oversee tells a process what it is for, hears what it says, and sees to its end: by
// itself, patience after stop has asked for it (nil: nobody does), or killed, when limit is
// over or ctx has ended. It returns when the process has ended and all it said was heard.
func (p *process) oversee(ctx context.Context, told any, handlers map[string]link.Handler, limit time.Duration, stop <-chan struct{}) {
	if err := p.link.SendSettings(told); err != nil {
		p.kill(err.Error())
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		if err := p.link.Run(handlers); err != nil {
			p.kill(err.Error())
		}
	})
	p.await(ctx, limit, stop)
	reading.Wait()
}

// await waits for the end, and sees to it.
func (p *process) await(ctx context.Context, limit time.Duration, stop <-chan struct{}) {
	late := time.NewTimer(limit)
	defer late.Stop()
	for {
		select {
		case <-p.done:
			return
		case <-stop:
			stop = nil
			late.Reset(patience)
			_ = p.link.Notify(child.MethodStop, nil) // one that is gone has stopped
		case <-late.C:
			p.kill("it did not end in time")
		case <-ctx.Done():
			p.kill("limpid is stopping")
			<-p.done
			return
		}
	}
}
