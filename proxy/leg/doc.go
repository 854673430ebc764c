// Package leg moves bytes between the two sockets of a flow. It owns the
// sockets it is given, the per-loop Pool of scratch memory, buffers and pipes,
// and the rules of a wire: what one end sent reaches the other in order,
// a FIN after the data before it, a reset as a reset, and an end that does not
// read stops the other from sending. A Leg is one socket, registered once and
// edge-triggered; a Half is one direction; a Pair is both, driven by readiness;
// a Tunnel is a Pair whose bytes nobody looks at. Who does look is a Filter: it
// says how many of the bytes shown may pass and how many more may pass unseen,
// and those go by splice(2) when they are many. While nothing waits to be sent
// a Pair holds no buffer and no pipe. Nothing here knows what the bytes mean.
package leg
