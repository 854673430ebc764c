// Package clock sets the box's time: at the start from the best of what there is
// (Choose is a plain function of it), later
// from servers in the network (Keeper, by NTP). It owns the clock
// chip and the system's time. Nothing on a box may depend on the time being right:
// whatever runs measures its times by the monotonic clock.
package clock
