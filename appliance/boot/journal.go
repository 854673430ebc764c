package boot

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
)

// journalSize is how much of the log is kept in memory, in bytes.
const journalSize = 256 << 10

// journal is the log of the box: the newest lines in memory, all of them on the
// consoles while it boots or ends, and what it holds on disk when it ends.
type journal struct {
	mu       sync.Mutex
	text     []byte
	consoles []io.WriteCloser
	file     *os.File // in the run directory, for whoever has a shell
	written  int64
}

func newJournal() *journal { return &journal{} }

// newLog gives lines with the time since the kernel started: the clock may not
// have been set yet.
func newLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey && len(groups) == 0 {
			return slog.String("up", fmt.Sprintf("%.3f", uptime().Seconds()))
		}
		return a
	}}))
}

// Write takes one or more lines. It never fails.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text = append(j.text, p...)
	if over := len(j.text) - journalSize; over > 0 {
		j.text = append(j.text[:0], j.text[over:]...)
	}
	j.toFile(p)
	for _, c := range j.consoles {
		_, _ = c.Write(p) // nobody can be told of a console that does not work
	}
	return len(p), nil
}

func (j *journal) note(text string) { _, _ = j.Write([]byte(text + "\n")) }

// toFile is called with the lock held. The file begins anew when it is full:
// what is in memory is then in it once more.
func (j *journal) toFile(p []byte) {
	if j.file == nil {
		return
	}
	if j.written += int64(len(p)); j.written > 4*journalSize {
		if j.file.Truncate(0) != nil {
			return
		}
		p, j.written = j.text, int64(len(j.text))
	}
	_, _ = j.file.Write(p)
}

// openFile lets the lines be read at path, a file in memory.
func (j *journal) openFile(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o640)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.file = f
	j.toFile(j.text)
	return nil
}

// show shows what comes, and if wanted what there is, on a console too.
func (j *journal) show(console io.WriteCloser, all bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.consoles = append(j.consoles, console)
	if all {
		_, _ = console.Write(j.text)
	}
}

// leaveConsoles leaves them to the status screen.
func (j *journal) leaveConsoles() {
	j.mu.Lock()
	all := j.consoles
	j.consoles = nil
	j.mu.Unlock()
	var leaving sync.WaitGroup
	for _, c := range all {
		leaving.Go(func() { _ = c.Close() })
	}
	leaving.Wait()
}

// forget takes away what is kept, in memory and in the run directory.
func (j *journal) forget() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text, j.written = nil, 0
	if j.file != nil {
		_ = j.file.Truncate(0) // in memory: what cannot be cut off there ends with the power
	}
}

// content is a copy of what is kept.
func (j *journal) content() []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]byte(nil), j.text...)
}
