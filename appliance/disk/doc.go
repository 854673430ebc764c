// Package disk finds limpid's disk and its partitions by their names in the
// partition table, makes the data partition at the first start in what the disk
// has left (and grows it where a disk was copied to a larger one), and mounts it.
// It never writes to a partition that holds something it does not know: such a
// one is an error, and the box goes on from memory. Table.Claim, which decides
// what becomes of the partition table, and Classify are plain functions.
package disk
