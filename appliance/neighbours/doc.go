// Package neighbours hears the LLDP frames (IEEE Std 802.1AB) that systems at both ends
// of the wire send about themselves, and keeps the newest of each as it came. It owns
// the two sockets and what is kept, and it never sends: a wire says nothing of itself.
// It must never read more of a frame than its length and where it was sent from: this
// is the supervisor's process, which is root, and strangers write these frames. What
// they say package lldp reads, in processes without privilege.
package neighbours
