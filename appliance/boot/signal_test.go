package boot

import (
	"context"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// Settings that take long to be taken over keep nobody who wants the box off. What is
// asked for meanwhile is done once more, and not at the same time.
func TestSignalsAreHeardWhileSettingsAreTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t)
		ctx, stop := context.WithCancel(t.Context())
		var begun, under atomic.Int64
		go b.followSettings(ctx, func(context.Context) {
			begun.Add(1)
			if under.Add(1) > 1 {
				t.Error("settings are taken twice at the same time")
			}
			time.Sleep(superviseEnd) // a supervisor that does not end
			under.Add(-1)
		})
		signals := make(chan os.Signal)
		go b.heed(ctx, signals)
		asked := time.Now()
		for range 4 {
			signals <- syscall.SIGHUP
			synctest.Wait()
		}
		signals <- syscall.SIGUSR2
		synctest.Wait()
		select {
		case e := <-b.end:
			if e.Kind != PowerOff {
				t.Errorf("%+v", e)
			}
		default:
			t.Error("nobody hears that the box is to be switched off")
		}
		if waited := time.Since(asked); waited > 0 {
			t.Errorf("signals were kept waiting for %v", waited)
		}
		time.Sleep(3 * superviseEnd)
		if begun.Load() != 2 {
			t.Errorf("settings were taken %d times, want 2", begun.Load())
		}
		stop()
		synctest.Wait() // for both to end
	})
}
