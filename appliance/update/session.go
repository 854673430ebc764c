package update

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"limpid/appliance/slots"
	"limpid/appliance/update/bundle"
)

// chunk is how much is written at once, and syncEvery how much may wait in
// memory for a slow medium; in bytes.
const (
	chunk     = 1 << 20
	syncEvery = 8 << 20
)

// session is the installation of one bundle: from its first byte to its
// refusal, or to the slot being tried. It is a bundle.Sink.
type session struct {
	options   *Options
	id        string // SHA-256 as the sender gave it, or empty
	size      int64  // bytes of the bundle
	downgrade bool
	told      func(bundle.Head) // when it is known what is installed, and by whose signature

	reader   *bundle.Reader
	image    bundle.Part
	target   Target
	waiting  []byte // not yet written
	written  int64
	unsynced int64
	begun    bool
}

func newSession(o *Options, id string, size int64, downgrade bool, told func(bundle.Head)) *session {
	s := &session{options: o, id: id, size: size, downgrade: downgrade, told: told}
	s.reader = bundle.NewReader(s)
	return s
}

// Head implements bundle.Sink: what is refused here has cost nothing.
func (s *session) Head(h bundle.Head) error {
	keys, err := s.options.Keys()
	if err != nil {
		return err
	}
	if err := keys.Verify(h); err != nil {
		return err
	}
	s.told(h)
	if s.image, err = s.options.Box.Suits(h.Manifest, s.downgrade); err != nil {
		return err
	}
	// Begin looks again, and that is what counts; this is for whoever waits.
	if now, err := s.options.Boot.Read(); err != nil {
		return fault{err}
	} else if _, err := slots.Begin(now, s.options.Running); err != nil {
		return err
	}
	if s.size < h.Size+s.image.Size {
		return fmt.Errorf("the bundle has only %d bytes, it is truncated: get it again", s.size)
	}
	if s.target, err = s.options.Open(); err != nil {
		return fault{err}
	}
	capacity, err := s.target.Capacity()
	if err != nil {
		return fault{err}
	}
	if capacity < s.image.Size {
		return fmt.Errorf("the bundle's image has %d bytes, the slot has room for %d: it is for a box with other partitions", s.image.Size, capacity)
	}
	return nil
}

// Part implements bundle.Sink.
func (s *session) Part(_ bundle.Part, data []byte) error {
	for len(data) > 0 {
		n := min(chunk-len(s.waiting), len(data))
		s.waiting = append(s.waiting, data[:n]...)
		data = data[n:]
		if len(s.waiting) == chunk {
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// End implements bundle.Sink.
func (s *session) End(bundle.Part) error { return s.flush() }

// flush writes what waits. Before the first byte the slot is made unbootable.
func (s *session) flush() error {
	if len(s.waiting) == 0 {
		return nil
	}
	if !s.begun {
		running := s.options.Running
		if _, err := s.options.Boot.Change(func(now slots.State) (slots.State, error) { return slots.Begin(now, running) }); err != nil {
			return blame(err)
		}
		s.begun = true
	}
	if _, err := s.target.WriteAt(s.waiting, s.written); err != nil {
		return fault{fmt.Errorf("write slot %v: %w", s.options.Running.Other(), err)}
	}
	s.written += int64(len(s.waiting))
	s.unsynced += int64(len(s.waiting))
	s.waiting = s.waiting[:0]
	if s.unsynced < syncEvery {
		return nil
	}
	s.unsynced = 0
	return s.sync()
}

func (s *session) sync() error {
	if err := s.target.Sync(); err != nil {
		return fault{fmt.Errorf("write slot %v: %w", s.options.Running.Other(), err)}
	}
	return nil
}

// finish makes sure that the bundle is whole and on the medium, and has the
// next boot try it. read is told how much was read back.
func (s *session) finish(ctx context.Context, read func(int64)) error {
	switch err := s.reader.Close(); {
	case errors.Is(err, bundle.ErrShort):
		return fmt.Errorf("the bundle ends after %d bytes, it is truncated: get it again", s.reader.Offset())
	case err != nil:
		return err
	}
	if err := s.sync(); err != nil {
		return err
	}
	if err := s.verify(ctx, read); err != nil {
		return err
	}
	running := s.options.Running
	if _, err := s.options.Boot.Change(func(now slots.State) (slots.State, error) { return slots.Try(now, running) }); err != nil {
		return blame(err)
	}
	return nil
}

// verify reads the slot back from the medium.
func (s *session) verify(ctx context.Context, read func(int64)) error {
	slot, sum := s.options.Running.Other(), sha256.New()
	content := io.NewSectionReader(s.target, 0, s.image.Size)
	buffer := make([]byte, chunk)
	for {
		if ctx.Err() != nil {
			return fault{fmt.Errorf("read slot %v back: %w", slot, context.Cause(ctx))}
		}
		n, err := content.Read(buffer)
		sum.Write(buffer[:n])
		read(int64(n))
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fault{fmt.Errorf("read slot %v back: %w", slot, err)}
		}
	}
	if bundle.Sum(sum.Sum(nil)) != s.image.SHA256 {
		return fault{fmt.Errorf("read slot %v back: it is not what was written: the boot medium is failing: replace it", slot)}
	}
	return nil
}

// close lets go of the slot.
func (s *session) close() error {
	if s.target == nil {
		return nil
	}
	err := s.target.Close()
	s.target = nil
	return err
}

// fault is an error that is the box's, not that of a bundle or of who sent it.
type fault struct{ error }

// Unwrap gives the error.
func (f fault) Unwrap() error { return f.error }

// blame says whose error it is that the boot environment was not changed.
func blame(err error) error {
	for _, refusal := range []error{slots.ErrUncommitted, slots.ErrUncounted, slots.ErrNoOther} {
		if errors.Is(err, refusal) {
			return err
		}
	}
	return fault{err}
}
