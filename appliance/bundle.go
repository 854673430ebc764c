package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"limpid/appliance/slots"
	"limpid/appliance/update"
	"limpid/appliance/update/bundle"
)

func bundleCommand() command {
	return command{name: "bundle", usage: "key PREFIX | manifest IMAGE | make IMAGE | verify FILE  [flags]", summary: "Make and check firmware updates",
		help: `
  key PREFIX      make keys to sign with: PREFIX.key, which is secret, and PREFIX.pub for the boxes
    --no-password   store the secret key as it is
  make IMAGE      pack and sign the image of a slot
    --key FILE      secret key, limpid's or minisign's
    -o FILE         the bundle (limpid-VERSION-BOARD.bundle)
  manifest IMAGE  print the text that make would sign, to be signed elsewhere
  both take
    --version V     version, like 1.2.3 (what the image says); not another one
    --board NAME    kind of box (what the image says); not another one
    --minimum V     oldest version that may be updated with it (any)
    --notes FILE    what is new, for people
  verify FILE     check a bundle: signature, sizes, sums
    --key FILE      public key (those that this limpid trusts)

A bundle is a tar archive of manifest.json, its minisign signature and the image: docs/update.md. The password of a
key is asked for, or taken from ` + passwordVariable + `.`,
		run: bundleMain}
}

func bundleMain(ctx context.Context, t terminal, args []string) error {
	if len(args) == 0 {
		return badUsage("key, manifest, make or verify is missing")
	}
	switch args[0] {
	case "key":
		return bundleKey(t, args[1:])
	case "manifest":
		return bundleManifest(t, args[1:])
	case "make":
		return bundleMake(t, args[1:])
	case "verify":
		return bundleVerify(ctx, t, args[1:])
	case "-h", "--help":
		return errHelp
	}
	return badUsage("%q: want key, manifest, make or verify", args[0])
}

func bundleKey(t terminal, args []string) error {
	set := newFlags("bundle key")
	plain := set.Bool("no-password", false, "")
	rest, err := parse(set, args, "prefix of the files")
	if err != nil {
		return err
	}
	password := ""
	if !*plain {
		if password, err = choosePassword(); err != nil {
			return err
		}
	}
	public, private, err := bundle.NewKey(password)
	if err != nil {
		return err
	}
	if err := writeNew(rest[0]+".key", private, 0o600); err != nil {
		return err
	}
	if err := writeNew(rest[0]+".pub", public, 0o644); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s.key: secret, keep it off boxes and off the network\n%s.pub: for boxes, as %s or built in\n", rest[0], rest[0], update.KeysPath)
	return nil
}

// writeNew writes a file that must not be there yet.
func writeNew(path string, data []byte, mode os.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	_, err = file.Write(data)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	return nil
}

// described is what make and manifest are told of a bundle.
type described struct {
	version, board, minimum, notes *string
}

func describedFlags(set interface {
	String(name, value, usage string) *string
}) described {
	return described{set.String("version", "", ""), set.String("board", "", ""), set.String("minimum", "", ""), set.String("notes", "", "")}
}

// manifest describes an image.
func (d described) manifest(image string) (bundle.Manifest, error) {
	m := bundle.Manifest{Format: bundle.Format, Product: bundle.Product, Version: *d.version, Board: *d.board, Minimum: *d.minimum}
	release, err := releaseOf(image)
	if err != nil && (m.Version == "" || m.Board == "") {
		return m, fmt.Errorf("find out version and board: %w: say --version and --board", err)
	}
	if m.Version == "" {
		m.Version = release.Version
	}
	if m.Board == "" {
		m.Board = release.Board
	}
	if err := agree(m, release); err != nil {
		return m, err
	}
	if *d.notes != "" {
		notes, err := os.ReadFile(*d.notes)
		if err != nil {
			return m, fmt.Errorf("read notes: %w", err)
		}
		m.Notes = strings.TrimSpace(string(notes))
	}
	file, err := os.Open(image)
	if err != nil {
		return m, fmt.Errorf("read image: %w", err)
	}
	defer file.Close()
	part, err := bundle.Describe(bundle.SlotPart, file)
	m.Parts = []bundle.Part{part}
	return m, err
}

// agree refuses a manifest that says something else than the image that it is for, where
// that says anything: a box would show the one before an update, and the other after it.
// What a tree without tags calls itself is no version, and any may be given to it.
func agree(m bundle.Manifest, release slots.Release) error {
	_, err := bundle.ParseVersion(release.Version)
	if err == nil && strings.TrimPrefix(m.Version, "v") != strings.TrimPrefix(release.Version, "v") {
		return fmt.Errorf("describe image: it is version %s, not %s: build it as that version, or leave out --version", release.Version, m.Version)
	}
	if release.Board != "" && m.Board != release.Board {
		return fmt.Errorf("describe image: it is for board %s, not %s: leave out --board", release.Board, m.Board)
	}
	return nil
}

func bundleManifest(t terminal, args []string) error {
	set := newFlags("bundle manifest")
	described := describedFlags(set)
	rest, err := parse(set, args, "image")
	if err != nil {
		return err
	}
	m, err := described.manifest(rest[0])
	if err != nil {
		return err
	}
	text, err := m.Text()
	if err != nil {
		return err
	}
	if _, err := t.out.Write(text); err != nil {
		return fmt.Errorf("print manifest: %w", err)
	}
	return nil
}

func bundleMake(t terminal, args []string) error {
	set := newFlags("bundle make")
	described, keyPath, out := describedFlags(set), set.String("key", "", ""), set.String("o", "", "")
	rest, err := parse(set, args, "image")
	if err != nil {
		return err
	}
	if *keyPath == "" {
		return badUsage("--key is missing: limpid bundle key makes one")
	}
	m, err := described.manifest(rest[0])
	if err != nil {
		return err
	}
	text, err := m.Text()
	if err != nil {
		return err
	}
	secret, err := os.ReadFile(*keyPath)
	if err != nil {
		return fmt.Errorf("read private key: %w", err)
	}
	key, err := bundle.ReadKey(secret, func() (string, error) { return askPassword("Password for " + *keyPath + ": ") })
	if err != nil {
		return err
	}
	signature, err := bundle.Sign(key, text, m)
	if err != nil {
		return err
	}
	if *out == "" {
		*out = fmt.Sprintf("limpid-%s-%s.bundle", strings.TrimPrefix(m.Version, "v"), m.Board)
	}
	if err := writeBundle(*out, text, signature, rest[0]); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s: version %s for %s, signed with key %s\n", *out, m.Version, m.Board, bundle.KeyID(key.ID()))
	return nil
}

// writeBundle writes a whole bundle or nothing.
func writeBundle(path string, text, signature []byte, image string) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".")
	if err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	defer os.Remove(file.Name()) //nolint:errcheck // it is gone when all went well
	err = bundle.Write(file, text, signature, func(string) (io.ReadCloser, error) { return os.Open(image) })
	err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	return nil
}

func bundleVerify(ctx context.Context, t terminal, args []string) error {
	set := newFlags("bundle verify")
	keyPath := set.String("key", "", "")
	rest, err := parse(set, args, "bundle")
	if err != nil {
		return err
	}
	var keys bundle.Keys
	if *keyPath == "" {
		keys, err = update.TrustedKeys(update.KeysPath)
	} else if text, readErr := os.ReadFile(*keyPath); readErr != nil {
		err = fmt.Errorf("read public key: %w", readErr)
	} else {
		keys, err = bundle.ParseKeys(string(text))
	}
	if err != nil {
		return err
	}
	head, err := examine(ctx, rest[0], io.Discard, keys.Verify)
	if err != nil {
		return err
	}
	m := head.Manifest
	fmt.Fprintf(t.out, "%s: version %s for %s, signature and sums are right\n", rest[0], m.Version, m.Board)
	if m.Minimum != "" {
		fmt.Fprintf(t.out, "  minimum   %s\n", m.Minimum)
	}
	for _, part := range m.Parts {
		fmt.Fprintf(t.out, "  %-9s %d bytes, SHA-256 %s\n", part.Name, part.Size, part.SHA256)
	}
	if m.Notes != "" {
		fmt.Fprintf(t.out, "\n%s\n", m.Notes)
	}
	return nil
}

// examine reads a bundle to its end. also is given all of it, and check its head
// before anything else is looked at.
func examine(ctx context.Context, path string, also io.Writer, check func(bundle.Head) error) (bundle.Head, error) {
	file, err := os.Open(path)
	if err != nil {
		return bundle.Head{}, fmt.Errorf("read bundle: %w", err)
	}
	defer file.Close()
	seen := &examined{check: check}
	reader := bundle.NewReader(seen)
	_, err = io.Copy(io.MultiWriter(reader, also), bundleSource{ctx, file})
	if err == nil {
		err = reader.Close()
	}
	if errors.Is(err, bundle.ErrShort) {
		err = fmt.Errorf("read bundle: %s has only %d bytes, it is truncated: get it again", path, reader.Offset())
	}
	return seen.head, err
}

// bundleSource reads until ctx ends.
type bundleSource struct {
	ctx context.Context
	io.Reader
}

func (s bundleSource) Read(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx)
	}
	return s.Reader.Read(p)
}

// examined is a bundle.Sink that keeps the head.
type examined struct {
	check func(bundle.Head) error
	head  bundle.Head
}

func (e *examined) Head(h bundle.Head) error {
	e.head = bundle.Head{Manifest: h.Manifest, Text: bytes.Clone(h.Text), Signature: bytes.Clone(h.Signature), Size: h.Size}
	return e.check(h)
}

func (e *examined) Part(bundle.Part, []byte) error { return nil }

func (e *examined) End(bundle.Part) error { return nil }
