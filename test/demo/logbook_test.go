package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestLogbook(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	write := func(text string) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err == nil {
			_, err = f.WriteString(text)
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	b := &logbook{path: path}
	if err := b.skip(); err == nil {
		t.Error("no error without a log")
	}
	write("time=2026-01-01T00:00:00.000Z level=INFO msg=old\n")
	if err := b.skip(); err != nil {
		t.Fatal(err)
	}
	killed := time.Date(2026, 1, 1, 0, 0, 1, 0, time.UTC)
	var got []string
	for _, text := range []string{
		"time=2026-01-01T00:00:01.012Z level=WARN msg=mode mode=bypass reason=\"proxy was ended\"\ngoroutine 1 [running]:\ntime=2026-01-01T00:00",
		":00.998Z level=INFO msg=late\n",
		"",
	} {
		write(text)
		entries, err := b.read()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			got = append(got, e.since(killed))
		}
	}
	want := []string{`  +12 ms  msg=mode mode=bypass reason="proxy was ended"`, "goroutine 1 [running]:", "   -2 ms  msg=late"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if c := parseEntry("time=soon level=INFO msg=x").clock(); c != "time=soon level=INFO msg=x" {
		t.Errorf("line without a time became %q", c)
	}
}
