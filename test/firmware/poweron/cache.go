package poweron

import (
	"bytes"
	"math/rand/v2"
	"sync"
)

// sector is what a disk writes whole or not at all.
const sector = 512

// Cache is a disk's own memory: what was written and not flushed since may be lost in a power cut, each sector by itself
// and in any order.
type Cache struct {
	mu      sync.Mutex
	medium  []byte // what is safe
	written []write
}

type write struct {
	at   int64
	data []byte
}

// NewCache is the memory of a disk that has these contents.
func NewCache(contents []byte) *Cache { return &Cache{medium: bytes.Clone(contents)} }

// write notes what the machine writes. The data is kept.
func (c *Cache) write(at int64, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.written = append(c.written, write{at, data})
}

// flush makes all safe that was written before.
func (c *Cache) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.written {
		copy(c.medium[w.at:], w.data)
	}
	c.written = nil
}

// Cut gives a part of the disk as a power cut now would leave it, and how many sectors of it were not safe.
func (c *Cache) Cut(at, size int64) (contents []byte, unsafe int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	contents = bytes.Clone(c.medium[at : at+size])
	for _, w := range c.written {
		for i := 0; i+sector <= len(w.data); i += sector {
			to := w.at + int64(i) - at
			if to < 0 || to >= size {
				continue
			}
			unsafe++
			if rand.IntN(2) == 0 {
				copy(contents[to:], w.data[i:i+sector])
			}
		}
	}
	return contents, unsafe
}
