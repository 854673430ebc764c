package http1

// Limits bounds what is read as HTTP.
type Limits struct {
	Head   int // bytes of a head, its empty line included
	Line   int // bytes of one of its lines, without the line's CR LF
	Fields int // field lines of a head
}

// DefaultLimits is larger than what servers take by default (Apache httpd: 8 KiB
// a line and 100 fields), so that the wire is never the one to refuse.
func DefaultLimits() Limits { return Limits{Head: 64 << 10, Line: 32 << 10, Fields: 256} }

const (
	// methodLimit is the longest method read, in bytes; the longest registered
	// one has 17 (RFC 9110, 16.1).
	methodLimit = 32
	// chunkLineLimit is the longest line of chunk size and extensions, in bytes.
	chunkLineLimit = 4000
	// trailerLimit is the largest trailer section, in bytes.
	trailerLimit = 32 << 10
)
