package accesslog

import "sync/atomic"

const (
	// blockLen is the size of a block in bytes: some 200 records.
	blockLen = 64 << 10
	// maxBlocks bounds the blocks of all event loops together, to 4 MiB: some
	// 10,000 records on their way.
	maxBlocks = 64
)

// block is memory for packed records.
type block struct {
	used    int
	records int
	bytes   [blockLen]byte
}

// pool holds the blocks that wait to be filled and those that are full. Blocks
// are made when they are needed, so that a proxy without traffic has none.
type pool struct {
	free chan *block
	full chan *block
	made atomic.Int32
}

func newPool() *pool {
	return &pool{free: make(chan *block, maxBlocks), full: make(chan *block, maxBlocks)}
}

// get returns an empty block, or nil when all are full.
func (p *pool) get() *block {
	select {
	case b := <-p.free:
		return b
	default:
	}
	if p.made.Add(1) > maxBlocks {
		p.made.Add(-1)
		return nil
	}
	return new(block)
}

// put gives a block back whose records have been passed on.
func (p *pool) put(b *block) {
	b.used, b.records = 0, 0
	p.free <- b // never waits: there is room for all
}

// shrink lets go of the blocks that nobody uses.
func (p *pool) shrink() {
	for {
		select {
		case <-p.free:
			p.made.Add(-1)
		default:
			return
		}
	}
}
