// Package packets records frames of the bridge's ports as pcapng, for `limpid
// capture`; it has nothing to do with the capture of flows. It owns the filter
// that the kernel runs, the packet socket that it is attached to for good, and the
// file that the frames are written into. It must never read more of a frame than
// where a VLAN tag belongs, start a process, or be in a frame's way: the supervisor
// opens the socket, a short-lived process without privilege reads it, and what that
// one is too slow for the kernel drops and counts.
package packets
