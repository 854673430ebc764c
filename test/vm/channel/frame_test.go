package channel

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func TestFramesComeBackAsSent(t *testing.T) {
	var wire bytes.Buffer
	w := NewWriter(&wire)
	long := bytes.Repeat([]byte("0123456789abcde\n"), MaxBody/16+1)
	if err := w.Send(KindReady, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if n, err := w.Stream(KindOutput).Write(long); err != nil || n != len(long) {
		t.Fatalf("Write = %d, %v; want %d", n, err, len(long))
	}
	if err := w.Send(KindExit, nil); err != nil {
		t.Fatal(err)
	}

	var kinds []byte
	var output []byte
	for {
		kind, body, err := Read(&wire)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, byte(kind))
		if kind == KindOutput {
			output = append(output, body...)
		}
	}
	if got := string(kinds); got != "ROOX" {
		t.Errorf("kinds = %q, want ROOX", got)
	}
	if !bytes.Equal(output, long) {
		t.Errorf("output of %d bytes came back as %d other bytes", len(long), len(output))
	}
}

func TestReadRefusesWhatIsNoFrame(t *testing.T) {
	for name, c := range map[string]struct {
		wire string
		want error
	}{
		"end":        {"", io.EOF},
		"short head": {"O\x00", io.ErrUnexpectedEOF},
		"no body":    {"O\x00\x00\x00\x02", io.ErrUnexpectedEOF},
		"short body": {"O\x00\x00\x00\x02a", io.ErrUnexpectedEOF},
		"too long":   {"O\x00\x01\x00\x01", ErrFrame},
	} {
		if _, _, err := Read(bytes.NewBufferString(c.wire)); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
	}
}
