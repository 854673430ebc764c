package boot

import (
	"context"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// startConsoles shows the status screen on each console. What comes up there is a
// process of its own: it reads keys from whoever sits there.
func startConsoles(ctx context.Context, b *Box) error {
	b.journal.leaveConsoles()
	for _, path := range consoles() {
		k := &keeper{
			name: "console " + filepath.Base(path), output: b.journal, reaper: b.reaper, log: b.log, again: make(chan struct{}, 1),
			command: func() *exec.Cmd {
				cmd := exec.Command(b.Program, "console", "--run", RunDir, path) //nolint:noctx // ended by its keeper
				cmd.Args[0], cmd.Env = "limpid", append(environment(), "GOGC="+strconv.Itoa(SmallHeap))
				cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
				return cmd
			},
		}
		b.mu.Lock()
		b.consoles = append(b.consoles, k)
		b.mu.Unlock()
		b.spawn(k.name, func() { k.run(context.WithoutCancel(ctx)) })
	}
	return nil
}

// endConsoles ends the screens, so that the log can take their place.
func (b *Box) endConsoles() {
	b.mu.Lock()
	all := b.consoles
	b.mu.Unlock()
	var ending sync.WaitGroup
	for _, k := range all {
		ending.Go(func() { k.end(time.Second) })
	}
	ending.Wait()
}
