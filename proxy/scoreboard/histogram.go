package scoreboard

import (
	"math"
	"time"
)

// Histogram is a distribution of durations on the proxy's board.
type Histogram uint8

// Histograms.
const (
	UpstreamConnect Histogram = iota // from the SYN to the server to its answer
	FirstByte                        // from the end of the request head to the first byte of the response
	Total                            // from the first byte of the request to the last of the response
	// Histograms is how many there are.
	Histograms = int(Total) + 1
)

// Buckets is how many buckets a histogram has, the last without a bound.
const Buckets = 15

// histogramCells are the buckets and, behind them, the sum in nanoseconds.
// There is no cell for the count: it is the sum of the buckets, and so never
// disagrees with them, whenever they are read.
const histogramCells = Buckets + 1

// bounds are the buckets' upper bounds in nanoseconds, each belonging to its
// bucket; powers of about 2.5.
var bounds = [Buckets]uint64{
	400e3, 1e6, 2.5e6, 6e6, 15e6, 40e6, 100e6, 250e6, 600e6, 1500e6, 4e9, 10e9, 25e9, 60e9, math.MaxUint64,
}

// Bound is the upper bound of a bucket, 0 to Buckets-2, itself included.
func Bound(bucket int) time.Duration { return time.Duration(bounds[bucket]) }

// bucket is the first one whose bound is not below ns.
func bucket(ns uint64) Cell {
	i := 0
	for step := 8; step > 0; step /= 2 {
		if ns > bounds[i+step-1] {
			i += step
		}
	}
	return Cell(i)
}

func (h Histogram) first() Cell { return histograms + Cell(h)*histogramCells }

// Distribution is a histogram as read from a board.
type Distribution struct {
	Buckets [Buckets]uint64 // how many fell into each, not cumulated
	Sum     time.Duration   // of all of them
}

// Count is how many durations were observed.
func (d *Distribution) Count() (n uint64) {
	for _, c := range d.Buckets {
		n += c
	}
	return n
}

// Distribution reads a histogram.
func (b *Board) Distribution(h Histogram) (d Distribution) {
	first := h.first()
	for i := range d.Buckets {
		d.Buckets[i] = b.Get(first + Cell(i))
	}
	d.Sum = time.Duration(b.Get(first + Buckets))
	return d
}
