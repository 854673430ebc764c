// Package lldp reads what systems say of themselves by LLDP (IEEE Std 802.1AB-2016):
// frames in, texts that are safe to show out. It owns that reading and nothing else: it
// does no input or output, keeps no state, and never sends. Whoever is on the wire
// writes these frames, so the supervisor, which is root, hands them out unread, and
// only processes without privilege and the command line call this package.
package lldp
