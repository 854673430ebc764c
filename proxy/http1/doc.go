// Package http1 reads the heads and the framing of HTTP/1.0 and HTTP/1.1
// messages in place, strictly by RFC 9112, and changes nothing. It owns the
// decision what is plainly HTTP: whatever two recipients could frame in two
// ways is refused with a Reason and never guessed at. It does no I/O, keeps no
// reference to the bytes it is shown and allocates nothing. A Parser may be
// shown a head in any number of pieces and always gives the answer that it
// gives for the whole; Chunked follows a chunked body byte by byte and says how
// many bytes may pass without being looked at.
package http1
