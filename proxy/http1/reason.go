package http1

// Reason is the outcome of reading: OK, More, or why a message is refused.
type Reason uint8

// Outcomes. What follows More is a refusal.
const (
	OK   Reason = iota // complete
	More               // not complete yet, nothing wrong so far

	TLS              // a TLS record where a request was due
	Preface          // the preface of HTTP/2 (RFC 9113, 3.4)
	NotHTTP          // a response that does not begin with "HTTP/1."
	BadMethod        // the method is no token, too long, or a known one in other case
	BadTarget        // the target has none of the forms of RFC 9112, 3.2
	NoVersion        // a request line without version: HTTP/0.9
	BadVersion       // a version other than HTTP/1.0 and HTTP/1.1
	BadStatus        // the status line is malformed
	BareCR           // CR without LF
	BareLF           // LF without CR
	NUL              // a NUL byte
	Control          // another control character
	Fold             // a field line that begins with white space
	SpaceBeforeColon // white space between field name and colon
	BadName          // the field name is no token, or there is no colon
	BadLength        // Content-Length is not a decimal number below 10^18
	DifferingLengths // several Content-Length that are not the same
	LengthAndCoding  // both Content-Length and Transfer-Encoding
	UnknownCoding    // a transfer coding other than chunked
	ChunkedNotLast   // chunked is not the last transfer coding
	ChunkedTwice     // chunked more than once
	CodingInHTTP10   // Transfer-Encoding in an HTTP/1.0 message
	ForbiddenFraming // a 1xx or 204 response, or a CONNECT, that announces a body
	NoHost           // an HTTP/1.1 request without Host
	SeveralHosts     // more than one Host
	BadHost          // Host is no host and port
	HostMismatch     // Host differs from the authority in the target
	HeadTooLarge     // the head is larger than Limits.Head
	LineTooLong      // a line of the head is longer than Limits.Line
	TooManyFields    // more field lines than Limits.Fields
	BadChunk         // a chunk is malformed
	ChunkTooLarge    // a chunk size of more than 15 hexadecimal digits
	ChunkLineTooLong // chunk size and extensions are longer than chunkLineLimit
	TrailerTooLarge  // the trailer section is larger than trailerLimit
	reasonCount
)

// ReasonCount is the number of reasons, for tables indexed by them.
const ReasonCount = int(reasonCount)

var reasonNames = [reasonCount]string{
	OK: "ok", More: "incomplete", TLS: "tls", Preface: "http2-preface", NotHTTP: "not-http", BadMethod: "bad-method",
	BadTarget: "bad-target", NoVersion: "no-version", BadVersion: "bad-version", BadStatus: "bad-status",
	BareCR: "bare-cr", BareLF: "bare-lf", NUL: "nul", Control: "control", Fold: "fold",
	SpaceBeforeColon: "space-before-colon", BadName: "bad-name", BadLength: "bad-length",
	DifferingLengths: "differing-lengths", LengthAndCoding: "length-and-coding", UnknownCoding: "unknown-coding",
	ChunkedNotLast: "chunked-not-last", ChunkedTwice: "chunked-twice", CodingInHTTP10: "coding-in-http10",
	ForbiddenFraming: "forbidden-framing", NoHost: "no-host", SeveralHosts: "several-hosts", BadHost: "bad-host",
	HostMismatch: "host-mismatch", HeadTooLarge: "head-too-large", LineTooLong: "line-too-long", TooManyFields: "too-many-fields",
	BadChunk: "bad-chunk", ChunkTooLarge: "chunk-too-large", ChunkLineTooLong: "chunk-line-too-long",
	TrailerTooLarge: "trailer-too-large",
}

// String is a short name, the same in logs, counters and the control API.
func (r Reason) String() string {
	if r >= reasonCount {
		return "unknown"
	}
	return reasonNames[r]
}

// Refused reports whether r is a refusal.
func (r Reason) Refused() bool { return r > More }
