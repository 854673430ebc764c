// Package slots is the choice between the box's two firmware slots, a and b.
// The choice lies in a GRUB environment block, the file limpid/bootenv on the
// EFI system partition: an order, and for each slot how many boots it has left.
// GRUB takes one off before it loads a slot, and only a boot that proved healthy
// gives any back, so whatever fails falls back by itself. This package owns the
// block's format, the changes made to it as pure functions (Begin, Try, Commit,
// Back), the choice GRUB makes of it (Choose), and the one write in place that
// makes a change real. It mounts nothing and writes no slot.
package slots
