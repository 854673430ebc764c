// Package relay speaks HTTP/1.x between the two sockets of a flow without
// changing a byte of it. It owns what is known of each flow: where in a message
// either direction stands, which requests wait for their responses, and whether
// the flow is still plainly HTTP. What is not becomes a tunnel of untouched
// bytes that is never parsed again, or is reset when so configured; either way
// it is counted by reason. Both directions run at once; each is a leg.Filter
// that passes a head only when it is complete and lets bodies pass unseen.
// There are three points at which others act on a flow: requestHead and
// responseHead, called before a complete head passes, and unseen, which says
// that nobody looks at the bytes of a body. A Worker holds what the flows of
// one event loop share. Nothing here opens, connects or accepts sockets.
package relay
