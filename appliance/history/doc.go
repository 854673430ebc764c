// Package history keeps what was counted: second by second for some minutes, minute by
// minute for a day, and by ten minutes for a week, in rings of a fixed size that go to
// the disk now and then and come back after a restart. It knows names and numbers and
// nothing of what they count; who feeds it gives totals that only grow, or start anew
// at 0, and it keeps how much they grew. Time is the wall clock's: a point that the
// clock has gone back behind is overwritten when its time comes again.
package history
