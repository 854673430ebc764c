package accesslog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// logbook is what the log says about itself.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logbook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logbook) count(what string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Count(b.text.String(), what)
}

// running is a log that runs.
type running struct {
	*Log
	t        testing.TB
	book     *logbook
	recorder *Recorder
	stop     func()
	given    uint64
}

func start(t testing.TB, settings Settings, change func(*Log)) *running {
	t.Helper()
	r := &running{t: t, book: &logbook{}}
	var err error
	if r.Log, err = New(settings, slog.New(slog.NewTextHandler(r.book, nil))); err != nil {
		t.Fatal(err)
	}
	for _, q := range r.queues {
		q.retry = 10 * time.Millisecond
	}
	if change != nil {
		change(r.Log)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { r.Run(ctx) })
	r.stop = sync.OnceFunc(func() { r.recorder.Flush(); cancel(); wg.Wait() })
	r.recorder = r.Recorder()
	t.Cleanup(r.stop)
	return r
}

// record gives the log n records, numbered on by their Flow.
func (r *running) record(n int) {
	record := exampleRecord()
	for range n {
		r.given++
		record.Flow = r.given
		r.recorder.Record(&record)
	}
	r.recorder.Flush()
}

// settle waits until every record has been taken or dropped.
func (r *running) settle() {
	r.t.Helper()
	eventually(r.t, "all records are taken", func() bool {
		c := r.Counts()
		return c.Taken+c.Dropped == r.given && len(r.pool.full) == 0
	})
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// flows reads all files of a format, oldest first, and returns the numbers of
// the records; every line must be whole.
func flows(t testing.TB, dir string) (numbers []uint64, total int64) {
	t.Helper()
	for n := 100; n >= 0; n-- {
		name := filepath.Join(dir, fmt.Sprintf("%s.%d", jsonFile, n))
		if n == 0 {
			name = filepath.Join(dir, jsonFile)
		}
		text, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		total += int64(len(text))
		for line := range bytes.Lines(text) {
			var e Entry
			if err := json.Unmarshal(line, &e); err != nil || line[len(line)-1] != '\n' {
				t.Fatalf("%s: %v: %q", name, err, line)
			}
			numbers = append(numbers, e.Flow)
		}
	}
	return numbers, total
}

func ascending(numbers []uint64) bool {
	return slices.IsSorted(numbers) && len(slices.Compact(slices.Clone(numbers))) == len(numbers)
}

func TestEndWritesWhatWasRecorded(t *testing.T) {
	dir := t.TempDir()
	r := start(t, Settings{Dir: dir, Keep: 64 << 20}, nil)
	r.record(5000)
	r.stop()
	numbers, _ := flows(t, dir)
	if len(numbers) != 5000 || numbers[0] != 1 || numbers[4999] != 5000 || !ascending(numbers) {
		t.Errorf("%d records in the file, want 5000 in order", len(numbers))
	}
	if c := r.Counts(); c != (Counts{Taken: 5000}) {
		t.Errorf("%+v", c)
	}
}

// More than the queue holds waits when the end comes, and the disk is slow but
// works: all of it is written.
func TestEndWaitsForADiskThatWorks(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	r := &running{t: t, book: &logbook{}}
	if r.Log, err = New(Settings{Dir: t.TempDir(), Keep: 1 << 20}, slog.New(slog.NewTextHandler(r.book, nil))); err != nil {
		t.Fatal(err)
	}
	r.queues[0].output = &pipe{writer: writer}
	r.recorder = r.Recorder()
	r.record(12_000) // before anybody takes one: most of the blocks are full
	lines := make(chan int)
	go func() {
		text, _ := io.ReadAll(reader)
		lines <- bytes.Count(text, []byte("\n"))
	}()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	r.Run(ended)
	c := r.Counts()
	if n := <-lines; n != 12_000 || c != (Counts{Taken: 12_000}) {
		t.Errorf("%d lines of 12000, %+v", n, c)
	}
}

func TestRotationLosesAndSplitsNothing(t *testing.T) {
	dir := t.TempDir()
	const keep = 1 << 20
	r := start(t, Settings{Dir: dir, Keep: keep}, nil)
	oldest := uint64(0)
	for round := range 60 {
		r.record(300)
		r.settle()
		eventually(t, "all is written", func() bool { return r.queues[0].written.Load() == r.given })
		if round%6 != 5 {
			continue
		}
		numbers, total := flows(t, dir)
		if total > keep {
			t.Fatalf("%d bytes in files, want at most %d", total, keep)
		}
		if !ascending(numbers) || numbers[len(numbers)-1] != r.given || numbers[len(numbers)-1]-numbers[0] != uint64(len(numbers)-1) {
			t.Fatalf("files hold %d records from %d to %d, of %d", len(numbers), numbers[0], numbers[len(numbers)-1], r.given)
		}
		oldest = numbers[0]
	}
	if oldest == 1 {
		t.Error("nothing was ever removed: the test proves little")
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) > segments+1 {
		t.Errorf("%d files", len(entries))
	}
}

func TestRestartsGoOnInTheSameFile(t *testing.T) {
	dir := t.TempDir()
	for range 3 {
		r := start(t, Settings{Dir: dir, Keep: 1 << 20}, nil)
		r.record(10)
		r.stop()
	}
	if numbers, _ := flows(t, dir); len(numbers) != 30 {
		t.Errorf("%d records, want 30", len(numbers))
	}
}

func TestPieceOfALineIsRemoved(t *testing.T) {
	whole := string(new(JSON).Append(nil, new(exampleRecord())))
	for name, c := range map[string]struct{ before, after string }{
		"piece":      {whole + `{"time":"2026`, whole},
		"only piece": {`{"time":"2026`, ""},
		"long piece": {whole + strings.Repeat("x", 10_000), whole},
		"zeros":      {whole + strings.Repeat("\x00", 4096), whole}, // what some file systems leave after a power cut
		"whole":      {whole, whole},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, jsonFile), []byte(c.before), 0o600); err != nil {
				t.Fatal(err)
			}
			r := start(t, Settings{Dir: dir, Keep: 1 << 20}, nil)
			r.record(1)
			r.stop()
			text, err := os.ReadFile(filepath.Join(dir, jsonFile))
			if rest, ok := strings.CutPrefix(string(text), c.after); err != nil || !ok || strings.Count(rest, "\n") != 1 || rest[0] != '{' {
				t.Errorf("%v, %q", err, text)
			}
			if n := r.book.count("removed a piece"); (n == 1) != (c.before != c.after) {
				t.Errorf("the log speaks of %d pieces", n)
			}
		})
	}
}

func TestFilesOfTheOtherFormatCount(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"access.log", "access.log.1", "access.log.2", "access.jsonl.1"} {
		if err := os.WriteFile(filepath.Join(dir, name), bytes.Repeat([]byte("x"), 400<<10), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"access.log.old", "access.log.01", "access.log.0", "access.jsonl.-1", "notes"} {
		if err := os.WriteFile(filepath.Join(dir, name), bytes.Repeat([]byte("x"), 2<<20), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := start(t, Settings{Dir: dir, Keep: 1 << 20}, nil)
	r.record(1)
	r.stop()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	want := "access.jsonl access.jsonl.-1 access.jsonl.1 access.log access.log.0 access.log.01 access.log.old notes"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("left %s, want %s", got, want)
	}
}

func TestWhatIsNoFileIsNotWritten(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"pipe":      func(path string) error { return unix.Mkfifo(path, 0o600) },
		"link":      func(path string) error { return os.Symlink("elsewhere", path) },
		"link out":  func(path string) error { return os.Symlink("/dev/null", path) },
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, jsonFile)
			if err := make(path); err != nil {
				t.Fatal(err)
			}
			r := start(t, Settings{Dir: dir, Keep: 1 << 20}, nil)
			r.record(3)
			eventually(t, "the log says so", func() bool { return r.book.count("output fails") == 1 && len(r.Problems()) == 1 })
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			eventually(t, "what waited is written", func() bool { return r.queues[0].written.Load() == 3 })
			if r.stop(); r.book.count("works again") != 1 || len(r.Problems()) != 0 {
				t.Errorf("problems %v, log %s", r.Problems(), r.book.text.String())
			}
		})
	}
}

func TestMissingDirectoryIsWaitedFor(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	r := start(t, Settings{Dir: dir, Keep: 1 << 20}, nil)
	r.record(3)
	eventually(t, "it is missed", func() bool { return len(r.Problems()) == 1 })
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is found", func() bool { return r.queues[0].written.Load() == 3 })
	// And the file that somebody removed is made again.
	if err := os.RemoveAll(filepath.Join(dir, jsonFile)); err != nil {
		t.Fatal(err)
	}
	r.record(2)
	r.stop()
	if numbers, _ := flows(t, dir); !slices.Equal(numbers, []uint64{4, 5}) {
		t.Errorf("the new file holds %v", numbers)
	}
}

// smallDisk is a file system with so many bytes.
func smallDisk(t *testing.T, size int) (dir string) {
	t.Helper()
	at := t.TempDir()
	opened := make(chan error)
	fd := -1
	go func() {
		// The thread is never unlocked: it ends with the goroutine, and its
		// mount namespace with the last descriptor into it.
		runtime.LockOSThread()
		opened <- func() error {
			if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_FS); err != nil {
				return fmt.Errorf("unshare: %w", err)
			}
			if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
				return fmt.Errorf("make mounts private: %w", err)
			}
			if err := unix.Mount("tmpfs", at, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
				return fmt.Errorf("mount: %w", err)
			}
			var err error
			fd, err = unix.Open(at, unix.O_DIRECTORY|unix.O_RDONLY|unix.O_CLOEXEC, 0)
			return err
		}()
		<-t.Context().Done()
	}()
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	return fmt.Sprintf("/proc/self/fd/%d", fd)
}

func TestFullDisk(t *testing.T) {
	dir := smallDisk(t, 1<<20)
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 700<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, Settings{Dir: dir, Keep: 1 << 20}, nil)
	const most = 400_000
	for r.Counts().FileDropped < 1000 && r.given < most {
		r.record(200)
		r.settle()
	}
	if c := r.Counts(); c.FileDropped < 1000 || c.Dropped != 0 {
		t.Fatalf("after %d records on a full disk: %+v", r.given, c)
	}
	page, err := r.Query(Query{Limit: 1})
	if err != nil || page.Records[0].Flow != r.given {
		t.Errorf("memory ends with %+v, %v; want record %d", page.Records, err, r.given)
	}
	if n := r.book.count("output fails"); n != 1 || len(r.Problems()) != 1 || !strings.Contains(r.Problems()[0], "no space left") {
		t.Errorf("%d warnings, problems %v", n, r.Problems())
	}
	numbers, _ := flows(t, dir) // whole lines, also now
	if !ascending(numbers) || uint64(len(numbers)) != r.queues[0].written.Load() {
		t.Errorf("%d records in the files, %d written", len(numbers), r.queues[0].written.Load())
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it works again", func() bool { return r.book.count("works again") == 1 })
	r.record(10)
	r.stop()
	c := r.Counts()
	if written := r.queues[0].written.Load(); written+c.FileDropped != r.given {
		t.Errorf("%d written and %d dropped of %d", written, c.FileDropped, r.given)
	}
	numbers, _ = flows(t, dir)
	if !ascending(numbers) || numbers[len(numbers)-1] != r.given {
		t.Errorf("files end with record %d, want %d", numbers[len(numbers)-1], r.given)
	}
}

// The end comes while the disk is full: what does not fit is counted, and
// nobody waits.
func TestEndOnAFullDisk(t *testing.T) {
	dir := smallDisk(t, 256<<10)
	r := start(t, Settings{Dir: dir, Keep: 4 << 20}, func(l *Log) { l.queues[0].retry = time.Hour })
	r.record(4000)
	r.stop()
	numbers, _ := flows(t, dir)
	c := r.Counts()
	if uint64(len(numbers))+c.FileDropped != 4000 || c.FileDropped == 0 || len(numbers) < 300 || !ascending(numbers) {
		t.Errorf("%d records in the file, %+v, want 4000 in all", len(numbers), c)
	}
	if r.book.count("does not end") != 0 {
		t.Error("the end waited for the disk")
	}
}

// pipe is an output that is as slow as whoever reads its other end.
type pipe struct {
	file
	writer *os.File
}

func (p *pipe) write(_ context.Context, lines []byte) ([]byte, error) {
	n, err := p.writer.Write(lines)
	return lines[n:], err
}
func (p *pipe) close() error { return p.writer.Close() }

func TestSlowOutputSlowsNobody(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	r := start(t, Settings{Dir: t.TempDir(), Keep: 1 << 20}, func(l *Log) { l.queues[0].output = &pipe{writer: writer} })
	for range 300 {
		r.record(200)
		r.settle()
	}
	c := r.Counts()
	waiting := r.given - r.queues[0].dropped.Load()
	if c.Dropped != 0 || c.Taken != r.given || waiting == 0 || waiting > 20_000 {
		t.Errorf("%+v with %d waiting: nothing may be lost before the output, and not all be kept for it", c, waiting)
	}
	if page, err := r.Query(Query{Limit: 1}); err != nil || page.Records[0].Flow != r.given {
		t.Errorf("memory ends with %+v, %v; want record %d", page.Records, err, r.given)
	}
	// It is read at last: what waited arrives whole, and what comes now too.
	lines := make(chan int)
	go func() {
		n := 0
		text, buffer := bytes.Buffer{}, make([]byte, 64<<10)
		for {
			k, err := reader.Read(buffer)
			text.Write(buffer[:k])
			if err != nil {
				break
			}
		}
		for line := range bytes.Lines(text.Bytes()) {
			var e Entry
			if err := json.Unmarshal(line, &e); err != nil {
				t.Errorf("%v: %q", err, line)
			}
			n++
		}
		lines <- n
	}()
	eventually(t, "what waited is written", func() bool { return r.queues[0].written.Load() == waiting })
	r.record(100)
	r.stop()
	if n := <-lines; uint64(n) != waiting+100 {
		t.Errorf("%d lines arrived, want %d", n, waiting+100)
	}
}

func TestEndDoesNotWaitForAHungOutput(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	r := start(t, Settings{Dir: t.TempDir(), Keep: 1 << 20}, func(l *Log) { l.queues[0].output = &pipe{writer: writer} })
	r.record(5000)
	r.stop()
	if r.book.count("does not end") != 1 {
		t.Error("the log says nothing of the output that hangs")
	}
}

func TestFsyncPolicies(t *testing.T) {
	lines := new(JSON).Append(nil, new(exampleRecord()))
	for policy, waits := range map[string]bool{SyncRotate: false, SyncSecond: true, SyncNever: false} {
		f := &file{dir: t.TempDir(), base: jsonFile, keep: 1 << 20, segment: 128 << 10, sync: policy, log: slog.New(slog.DiscardHandler)}
		if _, err := f.write(t.Context(), lines); err != nil {
			t.Fatal(err)
		}
		if (f.due() != nil) != waits {
			t.Errorf("%s: will sync by itself: %v, want %v", policy, f.due() != nil, waits)
		}
		if err := f.idle(); err != nil || f.due() != nil {
			t.Errorf("%s: %v, still due: %v", policy, err, f.due() != nil)
		}
		if err := f.close(); err != nil || f.file != nil || f.root != nil {
			t.Errorf("%s: close: %v", policy, err)
		}
	}
}

// What is forced to the disk, and when: a pipe cannot be (fsync(2): EINVAL), and tells of each try.
func TestFsyncIsDone(t *testing.T) {
	for policy, forced := range map[string]bool{SyncRotate: true, SyncSecond: true, SyncNever: false} {
		for name, end := range map[string]func(*file) error{"close": (*file).close, "rotate": (*file).rotate} {
			f := &file{dir: t.TempDir(), base: jsonFile, keep: 1 << 20, segment: 128 << 10, sync: policy, log: slog.New(slog.DiscardHandler)}
			if _, err := f.write(t.Context(), []byte("{}\n")); err != nil {
				t.Fatal(err)
			}
			reader, writer, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
			_ = f.file.Close()
			f.file = writer
			if err := end(f); errors.Is(err, unix.EINVAL) != forced {
				t.Errorf("%s, %s: %v, want it forced to the disk: %v", policy, name, err, forced)
			}
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for want, s := range map[string]Settings{
		"keep is 1000":         {Keep: 1000},
		"keep is -":            {Keep: -1},
		`format is "xml"`:      {Keep: MinKeep, Format: "xml"},
		`fsync is "2s"`:        {Keep: MinKeep, Fsync: "2s"},
		`syslog is "tls://a:1`: {Syslog: "tls://a:1"},
		`syslog is "a:1`:       {Syslog: "a:1"},
	} {
		if _, err := New(s, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", s, err, want)
		}
	}
}
