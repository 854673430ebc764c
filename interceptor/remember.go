package interceptor

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"limpid/interceptor/flows"
)

// sweepEvery is how often the programs' map is gone through. Slots come back without; and each
// time all of it is looked at, at one go: some 15 ms for 65,536 flows.
const sweepEvery = 5 * time.Second

// sweeper has flows of the programs' map forgotten, until it is ended.
type sweeper struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func startSweeper(memory *flows.Memory, log *slog.Logger) *sweeper {
	ctx, cancel := context.WithCancel(context.Background())
	s := &sweeper{cancel: cancel}
	s.done.Go(func() {
		tick := time.NewTicker(sweepEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := memory.Sweep(); err != nil {
				log.Warn("slots of flows that are over may stay taken", "error", err)
			}
		}
	})
	return s
}

func (s *sweeper) end() {
	s.cancel()
	s.done.Wait()
}

// remember puts the programs at the ports, if s wants them, and returns s with the interfaces
// they are at. They come before the rules: without these, what they mark is bridged all the same.
func (i *Interceptor) remember(s Spec) (Spec, error) {
	if s.Memory != Programs {
		return s, nil
	}
	cut, err := i.memory.Apply(s.flowSpec())
	if err != nil {
		return s, errors.Join(err, i.restore())
	}
	if cut {
		i.log.Warn("the memory of flows changes size: connections captured until now are cut off")
	}
	if i.sweeper == nil {
		i.sweeper = startSweeper(i.memory, i.log)
	}
	s.lanIndex, s.wanIndex = i.memory.Ports()
	return s, i.keep()
}

// restore has programs for what is installed: those of a Spec that was not are taken away.
func (i *Interceptor) restore() error {
	if i.spec == nil || i.spec.Memory != Programs {
		return i.forget()
	}
	_, err := i.memory.Apply(i.spec.flowSpec())
	return errors.Join(err, i.keep())
}

// forget takes the programs from the ports, and what they know with them.
func (i *Interceptor) forget() error {
	if i.sweeper != nil {
		i.sweeper.end()
		i.sweeper = nil
	}
	if err := i.memory.Close(); err != nil {
		return err
	}
	return i.keep()
}
