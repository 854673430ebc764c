package accesslog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

const (
	jsonFile  = "access.jsonl"
	squidFile = "access.log" // the name that Squid's analysers look for
	// segments is how many files there are at most, as near as full ones can be.
	segments = 8
	// syncDelay is SyncSecond's.
	syncDelay = time.Second
)

// file is the output to files of bounded size: base is written, base.1 is the
// one before it, and so on. A file holds whole lines, whatever happens: what
// was written of a line in vain is taken back.
type file struct {
	dir, base     string
	keep, segment int64 // bytes: of all files, of one
	sync          string
	log           *slog.Logger

	root   *os.Root
	file   *os.File // nil when there is none
	size   int64
	unsure *time.Timer // since something was written that is not forced to the disk
	wait   <-chan time.Time
}

func (f *file) count(lines []byte) int { return bytes.Count(lines, []byte("\n")) }

func (f *file) due() <-chan time.Time { return f.wait }

// write appends lines to the file, in the next one if this one is full.
func (f *file) write(_ context.Context, lines []byte) (rest []byte, err error) {
	if err := f.ready(int64(len(lines))); err != nil {
		f.abandon()
		return lines, err
	}
	n, err := f.file.Write(lines)
	if err != nil {
		whole := bytes.LastIndexByte(lines[:n], '\n') + 1
		// If this fails as well, open finds the piece of a line.
		_ = f.file.Truncate(f.size + int64(whole))
		f.abandon()
		return lines[whole:], fmt.Errorf("write %s: %w", f.path(), err)
	}
	f.size += int64(n)
	if f.sync == SyncSecond && f.wait == nil {
		f.unsure = time.NewTimer(syncDelay)
		f.wait = f.unsure.C
	}
	return nil, nil
}

func (f *file) path() string { return filepath.Join(f.dir, f.base) }

// ready has an open file with room for n bytes, unless n is more than a file holds.
func (f *file) ready(n int64) error {
	if f.file != nil && f.removed() {
		f.abandon()
	}
	if f.file == nil {
		if err := f.open(); err != nil {
			return err
		}
	}
	if f.size > 0 && f.size+n > f.segment {
		return f.rotate()
	}
	return nil
}

// removed reports whether somebody has deleted the file.
func (f *file) removed() bool {
	var stat unix.Stat_t
	return unix.Fstat(int(f.file.Fd()), &stat) == nil && stat.Nlink == 0
}

// open opens the file, makes it if there is none, and takes the piece of a line
// off its end that a crash may have left.
func (f *file) open() (err error) {
	if f.root, err = os.OpenRoot(f.dir); err != nil {
		return fmt.Errorf("open log directory: %w: it must exist and belong to user %d; keep = \"0\" in [log] keeps no files", err, os.Getuid())
	}
	// A pipe would hold us up, and a link may lead to another log.
	if info, err := f.root.Lstat(f.base); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("open %s: it is no regular file: remove it", f.path())
	}
	const flags = os.O_RDWR | os.O_CREATE | os.O_APPEND
	if f.file, err = f.root.OpenFile(f.base, flags, 0o640); err != nil {
		return fmt.Errorf("open %s: %w: user %d needs the right to write", f.path(), err, os.Getuid())
	}
	info, err := f.file.Stat()
	if err != nil {
		return fmt.Errorf("open %s: %w", f.path(), err)
	}
	f.size = info.Size()
	if err := f.mend(); err != nil {
		return fmt.Errorf("mend %s: %w", f.path(), err)
	}
	return f.prune()
}

// mend removes what stands behind the last line's end.
func (f *file) mend() error {
	var tail [4096]byte
	whole := f.size
	for whole > 0 {
		from := max(whole-int64(len(tail)), 0)
		part := tail[:whole-from]
		if _, err := f.file.ReadAt(part, from); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			whole = from + int64(i) + 1
			break
		}
		whole = from
	}
	if whole == f.size {
		return nil
	}
	f.log.Warn("access log: removed a piece of a line that an earlier run left", "file", f.path(), "bytes", f.size-whole)
	if err := f.file.Truncate(whole); err != nil {
		return err
	}
	f.size = whole
	return nil
}

// idle forces what was written to the disk.
func (f *file) idle() error {
	f.wait = nil
	if f.file == nil {
		return nil
	}
	if err := f.file.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", f.path(), err)
	}
	return nil
}

// close forces everything to the disk and closes the file.
func (f *file) close() error {
	if f.file == nil {
		return nil
	}
	var err error
	if f.sync != SyncNever {
		err = f.idle()
	}
	err = errors.Join(err, f.file.Close())
	f.file = nil
	f.abandon()
	return err
}

// abandon forgets the file, to open it afresh.
func (f *file) abandon() {
	if f.file != nil {
		_ = f.file.Close()
		f.file = nil
	}
	if f.root != nil {
		_ = f.root.Close()
		f.root = nil
	}
	if f.wait != nil {
		f.unsure.Stop()
		f.wait = nil
	}
}
