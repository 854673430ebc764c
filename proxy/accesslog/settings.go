package accesslog

import (
	"fmt"
	"strings"
)

// Settings says where records go besides memory.
type Settings struct {
	// Dir is the directory of log files. The process needs the right to make,
	// rename and remove files in it.
	Dir string `json:"dir"`
	// Keep is the room for all log files together, in bytes: 0 for no files,
	// else at least MinKeep.
	Keep int64 `json:"keep"`
	// Format is that of the files: FormatJSON (also when empty) or FormatSquid.
	Format string `json:"format"`
	// Fsync is when files are forced to the disk: SyncRotate (also when empty),
	// SyncSecond or SyncNever.
	Fsync string `json:"fsync"`
	// Syslog is the collector, udp://HOST:PORT or tcp://HOST:PORT; empty for none.
	Syslog string `json:"syslog"`
	// Host is what the box is called in syslog; empty for the kernel's name.
	Host string `json:"host"`
}

// MinKeep is the least room for files: eight of a useful size.
const MinKeep = 1 << 20

// Formats of files.
const (
	FormatJSON  = "json"
	FormatSquid = "squid"
)

// When files are forced to the disk, besides the orderly end.
const (
	SyncRotate = "rotate" // when a file is complete
	SyncSecond = "1s"     // that, and a second after something was written
	SyncNever  = "never"  // not even at the end: when the kernel likes
)

// format writes a record as a line.
type format interface {
	Append(dst []byte, r *Record) []byte
}

// queues makes a queue for each output that the settings name.
func (l *Log) makeQueues() ([]*queue, error) {
	var queues []*queue
	s := l.settings
	if s.Keep != 0 {
		q, err := l.fileQueue()
		if err != nil {
			return nil, err
		}
		queues = append(queues, q)
	}
	if s.Syslog != "" {
		q, err := l.syslogQueue()
		if err != nil {
			return nil, err
		}
		queues = append(queues, q)
	}
	return queues, nil
}

func (l *Log) fileQueue() (*queue, error) {
	s := l.settings
	if s.Keep < MinKeep {
		return nil, fmt.Errorf("read log settings: keep is %d: want 0 or at least %d", s.Keep, MinKeep)
	}
	f := &file{dir: s.Dir, keep: s.Keep, segment: s.Keep / segments, sync: s.Fsync, log: l.log}
	var lines format
	switch s.Format {
	case "", FormatJSON:
		f.base, lines = jsonFile, &JSON{}
	case FormatSquid:
		f.base, lines = squidFile, &Squid{}
	default:
		return nil, fmt.Errorf("read log settings: format is %q: want %q or %q", s.Format, FormatJSON, FormatSquid)
	}
	switch s.Fsync {
	case "":
		f.sync = SyncRotate
	case SyncRotate, SyncSecond, SyncNever:
	default:
		return nil, fmt.Errorf("read log settings: fsync is %q: want %q, %q or %q", s.Fsync, SyncRotate, SyncSecond, SyncNever)
	}
	return newQueue("log files", lines, f, fileRetry, l.log), nil
}

func (l *Log) syslogQueue() (*queue, error) {
	network, address, ok := strings.Cut(l.settings.Syslog, "://")
	message, to := NewSyslog(l.settings.Host), connection{network: network, address: address}
	switch {
	case ok && network == "udp":
		return newQueue("syslog", &terminated{message}, &datagrams{to}, syslogRetry, l.log), nil
	case ok && network == "tcp":
		return newQueue("syslog", &counted{format: message}, &stream{to}, syslogRetry, l.log), nil
	}
	return nil, fmt.Errorf("read log settings: syslog is %q: want udp://HOST:PORT or tcp://HOST:PORT", l.settings.Syslog)
}
