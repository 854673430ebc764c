package bundle

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"aead.dev/minisign"
)

// Describe reads a part and gives its entry of a manifest.
func Describe(name string, content io.Reader) (Part, error) {
	sum := sha256.New()
	n, err := io.Copy(sum, content)
	if err != nil {
		return Part{}, fmt.Errorf("read %s: %w", name, err)
	}
	return Part{Name: name, Size: n, SHA256: Sum(sum.Sum(nil))}, nil
}

// Sign gives the signature file of a manifest, with a comment that is signed
// too. It is of minisign's present kind, which signs a hash of the text.
func Sign(key minisign.PrivateKey, text []byte, m Manifest) ([]byte, error) {
	hashed := minisign.NewReader(bytes.NewReader(text))
	if _, err := io.Copy(io.Discard, hashed); err != nil {
		return nil, fmt.Errorf("sign manifest: %w", err)
	}
	comment := fmt.Sprintf("%s %s for %s", Product, m.Version, m.Board)
	return hashed.SignWithComments(key, comment, "signature from limpid bundle make"), nil
}

// Write writes a bundle: the manifest's text, its signature, and the parts as
// the manifest has them. The same input gives the same bytes. It fails if a
// part is not what the manifest says.
func Write(w io.Writer, text, signature []byte, open func(name string) (io.ReadCloser, error)) error {
	m, err := ParseManifest(text)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(w)
	for _, file := range []struct {
		name string
		data []byte
		most int
	}{{ManifestName, text, maxManifest}, {SignatureName, signature, maxSignature}} {
		if len(file.data) > file.most {
			return fmt.Errorf("write %s: %d bytes, at most %d are allowed", file.name, len(file.data), file.most)
		}
		if err := writeMember(archive, file.name, int64(len(file.data))); err != nil {
			return err
		}
		if _, err := archive.Write(file.data); err != nil {
			return fmt.Errorf("write bundle: %w", err)
		}
	}
	for _, part := range m.Parts {
		if err := writePart(archive, part, open); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	return nil
}

func writePart(archive *tar.Writer, part Part, open func(name string) (io.ReadCloser, error)) (err error) {
	content, err := open(part.Name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	if err := writeMember(archive, part.Name, part.Size); err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(archive, sum), content)
	switch {
	case errors.Is(err, tar.ErrWriteTooLong), err == nil && n != part.Size:
		return fmt.Errorf("write %s: it does not have the %d bytes that the manifest says", part.Name, part.Size)
	case err != nil:
		return fmt.Errorf("write %s: %w", part.Name, err)
	case Sum(sum.Sum(nil)) != part.SHA256:
		return fmt.Errorf("write %s: it does not have the SHA-256 that the manifest says", part.Name)
	}
	return nil
}

func writeMember(archive *tar.Writer, name string, size int64) error {
	header := tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
	if err := archive.WriteHeader(&header); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
