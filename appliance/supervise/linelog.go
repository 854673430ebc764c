package supervise

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"time"
)

// maxWords bounds one line of a child's log, in bytes; the rest of it is dropped.
const maxWords = 8 << 10

// lineLog passes on what children write to stderr: slog's JSON as records of
// this process, all else (a panic, the runtime's complaint) as text.
type lineLog struct{ log *slog.Logger }

// copy reads until the end and returns the message of the last error or, if
// there was none, the first line that was no record: a panic's headline.
func (l *lineLog) copy(r io.Reader) string {
	reader := bufio.NewReaderSize(r, maxWords)
	var failure, headline string
	for {
		line, err := reader.ReadSlice('\n')
		for full := err; errors.Is(full, bufio.ErrBufferFull); {
			_, full = reader.ReadSlice('\n')
			err = full
		}
		if text := strings.TrimSpace(string(line)); text != "" {
			record, ok := parseRecord([]byte(text))
			switch {
			case !ok && headline == "":
				headline = text
			case ok && record.Level >= slog.LevelError:
				failure = recordText(record)
			}
			if !ok {
				record = slog.NewRecord(time.Now(), slog.LevelError, "wrote to stderr", 0)
				record.AddAttrs(slog.String("line", text))
			}
			l.pass(record)
		}
		if err != nil {
			if failure == "" {
				failure = headline
			}
			return failure
		}
	}
}

func (l *lineLog) pass(record slog.Record) {
	ctx := context.Background()
	if handler := l.log.Handler(); handler.Enabled(ctx, record.Level) {
		_ = handler.Handle(ctx, record) // a log that cannot be written has nowhere to say so
	}
}

// parseRecord reads one line of slog.JSONHandler.
func parseRecord(line []byte) (slog.Record, bool) {
	var fields map[string]any
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber() // flows have numbers of 63 bits
	if err := decoder.Decode(&fields); err != nil || decoder.More() {
		return slog.Record{}, false
	}
	message, ok := fields[slog.MessageKey].(string)
	if !ok {
		return slog.Record{}, false
	}
	var level slog.Level
	if name, ok := fields[slog.LevelKey].(string); ok {
		if err := level.UnmarshalText([]byte(name)); err != nil {
			return slog.Record{}, false
		}
	}
	record := slog.NewRecord(time.Now(), level, message, 0)
	for key, value := range fields {
		switch key {
		case slog.MessageKey, slog.LevelKey, slog.TimeKey:
		default:
			record.AddAttrs(slog.Any(key, value))
		}
	}
	return record, true
}

// recordText is a record on one line, for the reason of an exit.
func recordText(record slog.Record) string {
	text := record.Message
	record.Attrs(func(a slog.Attr) bool {
		if a.Key == "error" {
			text += ": " + a.Value.String()
		}
		return true
	})
	return strings.ReplaceAll(text, "\n", "; ")
}
