// Package wire holds what limpid promises of the wire, as tests: each builds
// the lab, runs the real `limpid supervise` in its box, and looks from both
// ends. It is run twice: on the host's own kernel, and by test/vm on one with
// broute and the mirrored handshake.
package wire
