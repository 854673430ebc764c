package scoreboard

import (
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Board is a mapped scoreboard.
type Board struct {
	mapped []byte
	cells  *[maxCells + MaxLoops]atomic.Uint64
}

// Create makes the memory of a new board, all cells 0, and returns its file.
// Its size is sealed (memfd_create(2)), so no holder can make a reader fault.
func Create(name string) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("create scoreboard %s: %w", name, err)
	}
	file := os.NewFile(uintptr(fd), name)
	if err := file.Truncate(boardLen); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("size scoreboard %s: %w", name, err)
	}
	seals := unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(file.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("seal scoreboard %s: %w", name, err)
	}
	return file, nil
}

// Open maps the board in file. The file may be closed afterwards.
func Open(file *os.File) (*Board, error) {
	mapped, err := unix.Mmap(int(file.Fd()), 0, boardLen, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map scoreboard %s: %w", file.Name(), err)
	}
	// The mapping is page-aligned and boardLen long, as the array type wants.
	cells := (*[maxCells + MaxLoops]atomic.Uint64)(unsafe.Pointer(unsafe.SliceData(mapped)))
	return &Board{mapped: mapped, cells: cells}, nil
}

// Local is a board that is shared with nobody, for tests and for processes
// that run without a supervisor.
func Local() *Board { return &Board{cells: new([maxCells + MaxLoops]atomic.Uint64)} }

// Add adds n to a cell.
func (b *Board) Add(c Cell, n uint64) { b.cells[c].Add(n) }

// Get reads a cell.
func (b *Board) Get(c Cell) uint64 { return b.cells[c].Load() }

// Set overwrites a cell.
func (b *Board) Set(c Cell, n uint64) { b.cells[c].Store(n) }

// Beat says that an event loop (0 to MaxLoops-1) is alive.
func (b *Board) Beat(loop int) { b.cells[maxCells+loop].Add(1) }

// Beats is how often an event loop has said so.
func (b *Board) Beats(loop int) uint64 { return b.cells[maxCells+loop].Load() }

// Close unmaps the board. Nothing may use it afterwards.
func (b *Board) Close() error {
	if b.mapped == nil {
		return nil
	}
	err := unix.Munmap(b.mapped)
	b.mapped, b.cells = nil, nil
	if err != nil {
		return fmt.Errorf("unmap scoreboard: %w", err)
	}
	return nil
}
