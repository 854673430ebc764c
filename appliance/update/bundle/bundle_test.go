package bundle

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"aead.dev/minisign"
	"github.com/google/go-cmp/cmp"
)

// newKey makes a pair of keys.
func newKey(t testing.TB) (Keys, minisign.PrivateKey) {
	t.Helper()
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return Keys{public}, private
}

// image is what a slot holds in these tests: no whole number of blocks.
func image() []byte { return bytes.Repeat([]byte("slot "), 130) }

func manifestOf(t testing.TB, image []byte) Manifest {
	t.Helper()
	part, err := Describe(SlotPart, bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	return Manifest{Format: Format, Product: Product, Version: "1.2.3", Board: "x86_64", Minimum: "1.0.0", Notes: "What is new:\n- <nothing>", Parts: []Part{part}}
}

// makeBundle gives a whole bundle.
func makeBundle(t testing.TB, key minisign.PrivateKey, m Manifest, image []byte) []byte {
	t.Helper()
	text, err := m.Text()
	if err != nil {
		t.Fatal(err)
	}
	signature, err := Sign(key, text, m)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Write(&b, text, signature, opener(image)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func opener(image []byte) func(string) (io.ReadCloser, error) {
	return func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(image)), nil }
}

// taken is a Sink that keeps everything.
type taken struct {
	keys  Keys
	head  Head
	parts map[string][]byte
	ended []string
}

func (s *taken) Head(h Head) error {
	s.head, s.parts = h, make(map[string][]byte)
	return s.keys.Verify(h)
}

func (s *taken) Part(p Part, data []byte) error {
	s.parts[p.Name] = append(s.parts[p.Name], data...)
	return nil
}

func (s *taken) End(p Part) error {
	s.ended = append(s.ended, p.Name)
	return nil
}

func TestRoundTripInAnyPieces(t *testing.T) {
	keys, key := newKey(t)
	m := manifestOf(t, image())
	data := makeBundle(t, key, m, image())
	if !bytes.Equal(data, makeBundle(t, key, m, image())) {
		t.Error("made again it differs")
	}
	for _, piece := range []int{1, 3, 511, 512, 513, 4096, len(data)} {
		s := &taken{keys: keys}
		r := NewReader(s)
		for rest := data; len(rest) > 0; rest = rest[min(piece, len(rest)):] {
			if _, err := r.Write(rest[:min(piece, len(rest))]); err != nil {
				t.Fatalf("pieces of %d: %v", piece, err)
			}
		}
		if err := r.Close(); err != nil || r.Offset() != int64(len(data)) {
			t.Errorf("pieces of %d: %v after %d bytes of %d", piece, err, r.Offset(), len(data))
		}
		if diff := cmp.Diff(m, s.head.Manifest); diff != "" || !bytes.Equal(s.parts[SlotPart], image()) || len(s.ended) != 1 {
			t.Errorf("pieces of %d: %s, %d bytes, ended %v", piece, diff, len(s.parts[SlotPart]), s.ended)
		}
	}
}

func TestEveryTruncationIsShort(t *testing.T) {
	keys, key := newKey(t)
	data := makeBundle(t, key, manifestOf(t, image()), image())
	for n := range data {
		r := NewReader(&taken{keys: keys})
		if _, err := r.Write(data[:n]); err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if err := r.Close(); !errors.Is(err, ErrShort) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
}

// A bundle with any bit turned is not taken whole, and what was turned before
// the parts is refused before any of them is given out.
func TestEveryFlippedByteIsRefused(t *testing.T) {
	t.Parallel()
	keys, key := newKey(t)
	m := manifestOf(t, image())
	data := makeBundle(t, key, m, image())
	head, err := ParseHead(data)
	if err != nil {
		t.Fatal(err)
	}
	// Of a header only its sum, checked as a whole, says what is right: times and owners are of no account.
	for i := range data {
		for _, bit := range []byte{1, 0x80} {
			flipped := bytes.Clone(data)
			flipped[i] ^= bit
			s := &taken{keys: keys}
			r := NewReader(s)
			_, err := r.Write(flipped)
			if err = errors.Join(err, r.Close()); err == nil {
				// The comment beside a signature, and how a header writes its own sum, are nobody's to trust.
				if !bytes.Equal(s.parts[SlotPart], image()) || !cmp.Equal(s.head.Manifest, m) {
					t.Fatalf("byte %d turned by %#x is taken", i, bit)
				}
				continue
			}
			if int64(i) < head.Size && len(s.parts[SlotPart]) > 0 {
				t.Fatalf("byte %d turned by %#x: parts were given out before %v", i, bit, err)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	keys, key := newKey(t)
	_, other := newKey(t)
	m := manifestOf(t, image())
	good := makeBundle(t, key, m, image())
	head, err := ParseHead(good)
	if err != nil {
		t.Fatal(err)
	}
	renamed := bytes.Clone(good)
	copy(renamed[head.Size:], "slot.imh")
	fixSum(renamed[head.Size : head.Size+block])
	link := bytes.Clone(good)
	link[head.Size+156] = '2'
	fixSum(link[head.Size : head.Size+block])
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"another's key":      {makeBundle(t, other, m, image()), "which is not trusted here"},
		"random bytes":       {bytes.Repeat([]byte{0xa5}, 4096), "it is no limpid bundle"},
		"bytes behind":       {append(bytes.Clone(good), "x"...), "hidden behind its end"},
		"too many zeros":     {append(bytes.Clone(good), make([]byte, maxEnd)...), "hidden behind its end"},
		"other part":         {renamed, "it has \"slot.imh\" where the manifest says slot.img"},
		"symbolic link":      {link, "a member is not a plain file"},
		"part before head":   {good[head.Size:], "where manifest.json should be"},
		"signature replaced": {swapSignature(t, good, head, makeBundle(t, other, m, image())), "which is not trusted here"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &taken{keys: keys}
			r := NewReader(s)
			_, err := r.Write(test.data)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want %q", err, test.want)
			}
			if _, again := r.Write([]byte("more")); !errors.Is(again, err) || !errors.Is(r.Close(), err) {
				t.Errorf("it goes on after an error: %v", again)
			}
		})
	}
}

// swapSignature puts the signature of another bundle into data.
func swapSignature(t *testing.T, data []byte, head Head, other []byte) []byte {
	t.Helper()
	theirs, err := ParseHead(other)
	if err != nil || len(theirs.Signature) != len(head.Signature) {
		t.Fatalf("%v, %d bytes of signature and %d", err, len(theirs.Signature), len(head.Signature))
	}
	return bytes.Replace(data, head.Signature, theirs.Signature, 1)
}

// fixSum makes a header's sum right again.
func fixSum(header []byte) {
	const digits = "01234567"
	sum := headerSum(header)
	for i := 5; i >= 0; i-- {
		header[148+i] = digits[sum&7]
		sum >>= 3
	}
}

func TestWriteRefusesOtherParts(t *testing.T) {
	_, key := newKey(t)
	m := manifestOf(t, image())
	text, err := m.Text()
	if err != nil {
		t.Fatal(err)
	}
	signature, err := Sign(key, text, m)
	if err != nil {
		t.Fatal(err)
	}
	other := image()
	other[7] ^= 1
	for name, content := range map[string][]byte{"shorter": image()[1:], "longer": append(image(), 'x'), "other": other} {
		if err := Write(io.Discard, text, signature, opener(content)); err == nil || !strings.Contains(err.Error(), "that the manifest says") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	return string(out)
}

// What limpid makes can be taken apart and checked with tar, minisign and sha256sum.
func TestBundleIsReadByStandardTools(t *testing.T) {
	keys, key := newKey(t)
	m := manifestOf(t, image())
	dir := t.TempDir()
	public, err := keys[0].MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"limpid.bundle": makeBundle(t, key, m, image()), "limpid.pub": append(public, '\n')} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := run(t, dir, "tar", "-xvf", "limpid.bundle"), "manifest.json\nmanifest.json.minisig\nslot.img\n"; got != want {
		t.Errorf("tar extracts\n%s", got)
	}
	// -H refuses signatures of the old kind.
	if out := run(t, dir, "minisign", "-V", "-H", "-p", "limpid.pub", "-m", ManifestName); !strings.Contains(out, "Trusted comment: limpid 1.2.3 for x86_64") {
		t.Errorf("minisign says %s", out)
	}
	if out := run(t, dir, "sha256sum", SlotPart); !strings.HasPrefix(out, m.Parts[0].SHA256.String()) {
		t.Errorf("sha256sum says %s", out)
	}
}

// What minisign signs and tar packs is read by limpid.
func TestBundleMadeWithStandardTools(t *testing.T) {
	m := manifestOf(t, image())
	text, err := m.Text()
	if err != nil {
		t.Fatal(err)
	}
	for name, flags := range map[string][]string{"present kind": nil, "old kind": {"-l"}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for name, data := range map[string][]byte{ManifestName: text, SlotPart: image()} {
				if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			run(t, dir, "minisign", "-G", "-W", "-p", "limpid.pub", "-s", "limpid.key")
			run(t, dir, "minisign", append([]string{"-S", "-s", "limpid.key", "-m", ManifestName}, flags...)...)
			run(t, dir, "tar", "--format=ustar", "-cf", "limpid.bundle", ManifestName, SignatureName, SlotPart)
			public, err := os.ReadFile(filepath.Join(dir, "limpid.pub"))
			if err != nil {
				t.Fatal(err)
			}
			keys, err := ParseKeys(string(public))
			if err != nil || len(keys) != 1 {
				t.Fatalf("%v, %v", keys, err)
			}
			data, err := os.ReadFile(filepath.Join(dir, "limpid.bundle"))
			if err != nil {
				t.Fatal(err)
			}
			s := &taken{keys: keys}
			r := NewReader(s)
			if _, err := r.Write(data); err != nil {
				t.Fatal(err)
			}
			if err := r.Close(); err != nil || !bytes.Equal(s.parts[SlotPart], image()) {
				t.Errorf("%v, %d bytes", err, len(s.parts[SlotPart]))
			}
			// And a private key of minisign's signs for us.
			secret, err := os.ReadFile(filepath.Join(dir, "limpid.key"))
			if err != nil {
				t.Fatal(err)
			}
			var key minisign.PrivateKey
			if err := key.UnmarshalText(secret); err != nil {
				t.Fatal(err)
			}
			signature, err := Sign(key, text, m)
			if err != nil {
				t.Fatal(err)
			}
			if err := keys.Verify(Head{Text: text, Signature: signature}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestKeys(t *testing.T) {
	a, keyA := newKey(t)
	b, keyB := newKey(t)
	m := manifestOf(t, image())
	text, err := m.Text()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := ParseKeys("# release keys\n\nuntrusted comment: minisign public key\n" + a[0].String() + "\r\n" + b[0].String() + "\n")
	if err != nil || len(keys) != 2 || !keys[0].Equal(a[0]) || !keys[1].Equal(b[0]) {
		t.Fatalf("%v, %v", keys, err)
	}
	for _, key := range []minisign.PrivateKey{keyA, keyB} {
		signature, err := Sign(key, text, m)
		if err != nil {
			t.Fatal(err)
		}
		if err := keys.Verify(Head{Text: text, Signature: signature}); err != nil {
			t.Error(err)
		}
		if err := (Keys{}).Verify(Head{Text: text, Signature: signature}); err == nil || !strings.Contains(err.Error(), "no key") {
			t.Error(err)
		}
		if err := keys.Verify(Head{Text: append(text, ' '), Signature: signature}); err == nil || !strings.Contains(err.Error(), "damaged or forged") {
			t.Error(err)
		}
	}
	for _, text := range []string{"RWQ", "x", a[0].String()[1:], strings.Replace(a[0].String(), "RW", "RX", 1)} {
		if keys, err := ParseKeys(text); err == nil {
			t.Errorf("%q is read as %v", text, keys)
		}
	}
}
