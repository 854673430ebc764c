package main

import (
	"io"
	"log/slog"
)

// newLog writes lines for people.
func newLog(w io.Writer, options *slog.HandlerOptions) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, options))
}

// newChildLog writes lines for the supervisor, which passes them on.
func newChildLog(w io.Writer) *slog.Logger { return slog.New(slog.NewJSONHandler(w, nil)) }
