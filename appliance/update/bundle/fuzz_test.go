package bundle

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// unsigned takes what any head says, as if it were signed.
type unsigned struct {
	head  *Head
	parts []byte
}

func (s *unsigned) Head(h Head) error {
	s.head = &h
	return nil
}

func (s *unsigned) Part(_ Part, data []byte) error {
	s.parts = append(s.parts, data...)
	return nil
}

func (s *unsigned) End(Part) error { return nil }

// Any pieces give the result of the whole, and what is accepted is the same
// archive to Go's own reader.
func FuzzReader(f *testing.F) {
	_, key := newKey(f)
	small := []byte("slot")
	f.Add(makeBundle(f, key, manifestOf(f, small), small), 7)
	f.Add(makeBundle(f, key, manifestOf(f, image()[:512]), image()[:512]), 600)
	two := manifestOf(f, small)
	two.Parts = append(two.Parts, two.Parts[0])
	two.Parts[1].Name = "more"
	f.Add(makeBundle(f, key, two, small), 512)
	f.Add([]byte("manifest.json"), 1)
	f.Fuzz(func(t *testing.T, data []byte, piece int) {
		// With right sums of headers more is looked at than they.
		for at := 0; at+block <= len(data); at += block {
			if bytes.Equal(data[at+257:at+262], []byte("ustar")) {
				data = bytes.Clone(data) // what the fuzzer gives is not ours to change
				fixSum(data[at : at+block])
			}
		}
		whole := &unsigned{}
		r := NewReader(whole)
		n, err := r.Write(data)
		pieces := &unsigned{}
		in := NewReader(pieces)
		size := max(piece%2048, 0) + 1
		var pieceErr error
		for rest := data; len(rest) > 0 && pieceErr == nil; rest = rest[min(size, len(rest)):] {
			_, pieceErr = in.Write(rest[:min(size, len(rest))])
		}
		if (err == nil) != (pieceErr == nil) || err == nil && (n != len(data) || r.Offset() != in.Offset()) || !bytes.HasPrefix(pieces.parts, whole.parts) && !bytes.HasPrefix(whole.parts, pieces.parts) {
			t.Fatalf("whole: %d, %v; in pieces of %d: %d, %v", r.Offset(), err, size, in.Offset(), pieceErr)
		}
		if err := r.Close(); err != nil {
			return
		}
		archive := tar.NewReader(bytes.NewReader(data))
		var parts []byte
		for i, want := range append([]Part{{Name: ManifestName, Size: int64(len(whole.head.Text))}, {Name: SignatureName, Size: int64(len(whole.head.Signature))}}, whole.head.Manifest.Parts...) {
			header, err := archive.Next()
			if err != nil || header.Name != want.Name || header.Size != want.Size || header.Typeflag != tar.TypeReg {
				t.Fatalf("member %d is %+v, %v; want %v", i, header, err, want)
			}
			content, err := io.ReadAll(archive)
			if err != nil {
				t.Fatal(err)
			}
			if i > 1 {
				parts = append(parts, content...)
			}
		}
		if _, err := archive.Next(); !errors.Is(err, io.EOF) || !bytes.Equal(parts, whole.parts) {
			t.Fatalf("another reader finds more, or other contents: %v", err)
		}
	})
}

// A manifest that is read can be written and is then read the same.
func FuzzParseManifest(f *testing.F) {
	text, err := manifestOf(f, image()).Text()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"format":1,"product":"limpid","version":"1.2.3-rc.1-3-gabcdef","board":"x","parts":[{"name":"a","size":1}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ParseManifest(text)
		if err != nil {
			return
		}
		written, err := m.Text()
		if err != nil {
			if strings.Contains(err.Error(), "shorten") {
				return
			}
			t.Fatal(err)
		}
		again, err := ParseManifest(written)
		if diff := cmp.Diff(m, again); err != nil || diff != "" {
			t.Fatalf("%v\n%s", err, diff)
		}
	})
}

// Keys and signatures from files are read without a fault, and nothing is
// accepted that the key did not sign.
func FuzzVerify(f *testing.F) {
	keys, key := newKey(f)
	m := manifestOf(f, image())
	text, err := m.Text()
	if err != nil {
		f.Fatal(err)
	}
	signature, err := Sign(key, text, m)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(keys[0].String(), signature)
	f.Add("untrusted comment: x\n"+keys[0].String(), bytes.ReplaceAll(signature, []byte("\n"), []byte("\r\n")))
	f.Add("", []byte("untrusted comment: \nRWQ=\ntrusted comment: \n\n"))
	f.Fuzz(func(t *testing.T, keyText string, signature []byte) {
		if read, err := ParseKeys(keyText); err == nil {
			_ = read.Verify(Head{Text: text, Signature: signature})
		}
		if keys.Verify(Head{Text: append([]byte("not "), text...), Signature: signature}) == nil {
			t.Fatalf("%q is accepted for a text that was never signed", signature)
		}
	})
}
