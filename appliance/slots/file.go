package slots

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Path is the boot environment below the mount point of the EFI system partition.
const Path = "limpid/bootenv"

// File is the boot environment by its path, on a mounted file system.
type File string

// Read gives the state. The error is ErrUnreadable if the file is there, or is
// not, but holds no state, or none that the disk gives back.
func (f File) Read() (State, error) {
	file, err := os.Open(string(f))
	if errors.Is(err, os.ErrNotExist) {
		return State{}, fmt.Errorf("read %s: %w: no such file", f, ErrUnreadable)
	}
	if err != nil {
		return State{}, fmt.Errorf("read boot environment: %w", err)
	}
	defer file.Close()
	_, s, err := read(file)
	if err != nil {
		return State{}, fmt.Errorf("read %s: %w", f, err)
	}
	return s, nil
}

// Change makes what change gives the new state, and returns it once the disk
// has it. Nothing is written if change returns an error, or the state it was
// given. While one process changes a block, others wait.
//
// An unreadable block is an error, which only Commit mends.
func (f File) Change(change func(State) (State, error)) (State, error) {
	file, err := os.OpenFile(string(f), os.O_RDWR|os.O_SYNC, 0)
	if err != nil {
		return State{}, fmt.Errorf("change boot environment: %w", err)
	}
	defer file.Close()
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil {
		return State{}, fmt.Errorf("lock %s: %w", f, err)
	}
	block, before, err := read(file)
	if err != nil {
		return State{}, fmt.Errorf("change %s: %w", f, err)
	}
	after, err := change(before)
	if err != nil || after == before {
		return before, err
	}
	return after, f.write(file, block, after)
}

// Count counts the boot that runs, as the function Count has it, if GRUB could
// not. It belongs before all that may go wrong.
func (f File) Count(running Slot) (State, error) {
	return f.Change(func(s State) (State, error) { return Count(s, running), nil })
}

// Commit makes the running slot the one to boot, as the function Commit has it,
// and mends the block if it is unreadable or gone.
func (f File) Commit(running Slot) (State, error) {
	s, err := f.Change(func(s State) (State, error) { return Commit(s, running), nil })
	if err == nil || !errors.Is(err, ErrUnreadable) && !errors.Is(err, os.ErrNotExist) {
		return s, err
	}
	// No torn state can come of this: there is none to lose. What is truncated gets other
	// sectors than those that could not be read, or is mended by being written.
	file, err := os.OpenFile(string(f), os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_SYNC, 0o600)
	if err != nil {
		return State{}, fmt.Errorf("make boot environment anew: %w", err)
	}
	defer file.Close()
	s = Repair(running)
	return s, f.write(file, Block{}, s)
}

// read gives what the file holds now.
func read(file *os.File) (Block, State, error) {
	data, err := io.ReadAll(io.NewSectionReader(file, 0, Size+1))
	if err != nil {
		return Block{}, State{}, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	block, err := ParseBlock(data)
	if err != nil {
		return Block{}, State{}, err
	}
	s, err := block.State()
	return block, s, err
}

// write puts a state into the file, in place. Nothing of the file system but
// the file's own sectors and its time of change is written; of those sectors
// only the first differs.
func (f File) write(file *os.File, block Block, s State) error {
	block, err := block.WithState(s)
	if err != nil {
		return err
	}
	data, err := block.Bytes()
	if err != nil {
		return err
	}
	if _, err := file.WriteAt(data, 0); err != nil {
		return fmt.Errorf("write boot environment: %w", err)
	}
	// O_SYNC covers a file system; a disk's own cache is told by fsync as well.
	if err := file.Sync(); err != nil {
		return fmt.Errorf("write boot environment: %w", err)
	}
	return nil
}
