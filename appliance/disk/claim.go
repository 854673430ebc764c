package disk

import (
	"errors"
	"fmt"

	"limpid/appliance/slots"
)

// Names of limpid's partitions beside the slots, as in the partition table.
const (
	ESPName  = "limpid-esp"
	DataName = "limpid-data"
)

const (
	alignment = 1 << 20 // of partitions, in bytes
	leastData = 8 << 20 // that are worth a data partition: ext4 with a journal needs so much
	leastGain = 64 << 20
)

// Claim is what Table.Claim found to do.
type Claim struct {
	Number  int   // of the data partition, from 1; 0: there is none, and no room for one
	Made    bool  // it is new
	Grown   bool  // it was there, and has become larger
	Start   int64 // bytes
	Size    int64 // bytes
	Changed bool  // the table must be written
}

// ErrNotOurs is a disk that does not look like limpid's.
var ErrNotOurs = errors.New("the disk has not limpid's partitions")

// Claim changes the table of limpid's disk of so many sectors so that it has a data
// partition, as large as the disk allows. Nothing else in it moves. The data
// partition grows only where nothing lies behind it, and only if it is worth it.
func (t *Table) Claim(sectors int64) (Claim, error) {
	data, free, end := -1, -1, t.first-1
	seen := map[string]int{}
	for i, e := range t.entries {
		if !e.used() {
			if free < 0 {
				free = i
			}
			continue
		}
		seen[e.Name()]++
		if e.Name() == DataName {
			data = i
		} else {
			end = max(end, e.last)
		}
	}
	if seen[ESPName] != 1 || seen[slots.A.Partition()] != 1 || seen[slots.B.Partition()] != 1 || seen[DataName] > 1 {
		return Claim{}, fmt.Errorf("look for the data partition: %w", ErrNotOurs)
	}
	backup := sectors - 1
	last := backup - t.arraySectors() - 1
	if last < t.last && backup < t.backup {
		return Claim{}, fmt.Errorf("look for the data partition: the disk is smaller than its partition table says")
	}
	if data >= 0 {
		return t.grow(data, end, last, backup), nil
	}
	each := alignment / t.sector
	first := (end + each) / each * each
	// Whole MiB, so that a disk a little smaller can take a copy.
	length := (last + 1 - first) / each * each
	if free < 0 || length*t.sector < leastData {
		return Claim{}, nil
	}
	e := Entry{kind: dataType(), id: newGUID(), first: first, last: first + length - 1}
	e.setName(DataName)
	t.entries[free] = e
	t.last, t.backup = last, backup
	return t.claim(free, Claim{Made: true, Changed: true}), nil
}

// grow makes the data partition larger where that gains something.
func (t *Table) grow(data int, end, last, backup int64) Claim {
	e := &t.entries[data]
	each := alignment / t.sector
	length := (last + 1 - e.first) / each * each
	gain := e.first + length - 1 - e.last
	if end > e.last || gain*t.sector < leastGain {
		return t.claim(data, Claim{})
	}
	e.last += gain
	t.last, t.backup = last, backup
	return t.claim(data, Claim{Grown: true, Changed: true})
}

// claim fills in where the partition is.
func (t *Table) claim(index int, c Claim) Claim {
	e := t.entries[index]
	c.Number, c.Start, c.Size = index+1, e.first*t.sector, (e.last+1-e.first)*t.sector
	return c
}
