package http1

// chunkStage is the part of a chunked body that comes next (RFC 9112, 7.1).
type chunkStage uint8

const (
	sizeFirst    chunkStage = iota // first digit of a chunk size
	sizeMore                       // further digits, extensions, or the end of the line
	extStart                       // behind ";"
	extRest                        // within an extension
	sizeLF                         // LF of the size's line
	inData                         // chunk data
	dataCR                         // CR behind it
	dataLF                         // LF behind it
	trailerStart                   // first byte of a trailer line, or CR of the last line
	trailerName                    // within a trailer's name
	trailerValue                   // within its value
	trailerLF                      // LF of its line
	lastLF                         // LF of the last line
	chunkedDone                    // behind the body
)

// Chunked follows a chunked body over any pieces it comes in. Its zero value
// stands before the first chunk.
type Chunked struct {
	left   uint64 // bytes of chunk data to come
	line   uint16 // bytes of the current size line, or of the trailer section
	digits uint8
	stage  chunkStage
}

// Advance reads b up to the end of the body. It returns how many bytes belong
// to the body, and OK when it is complete, More when all of b does and more is
// to come, or why the byte at n is refused.
func (c *Chunked) Advance(b []byte) (n int, reason Reason) {
	for n < len(b) && c.stage != chunkedDone {
		if c.stage == inData {
			run := min(c.left, uint64(len(b)-n))
			n += int(run)
			c.Skip(int64(run))
			continue
		}
		if reason := c.step(b[n]); reason != More {
			if reason == OK {
				n++
			}
			return n, reason
		}
		n++
	}
	if c.stage == chunkedDone {
		return n, OK
	}
	return n, More
}

// Unseen is how many bytes of chunk data come next: Skip may be told of them
// instead of Advance.
func (c *Chunked) Unseen() int64 {
	if c.stage != inData {
		return 0
	}
	return int64(c.left)
}

// Skip says that n of the Unseen bytes have passed.
func (c *Chunked) Skip(n int64) {
	if c.left -= uint64(n); c.left == 0 {
		c.stage = dataCR
	}
}

// step takes one byte outside chunk data.
func (c *Chunked) step(x byte) Reason {
	switch c.stage {
	case sizeFirst, sizeMore, extStart, extRest:
		if c.line++; c.line > chunkLineLimit {
			return ChunkLineTooLong
		}
		return c.sizeLine(x)
	case sizeLF:
		if x != '\n' {
			return BareCR
		}
		c.line, c.digits = 0, 0
		if c.stage = inData; c.left == 0 {
			c.stage = trailerStart
		}
	case dataCR:
		if x != '\r' {
			return BadChunk
		}
		c.stage = dataLF
	case dataLF:
		if x != '\n' {
			return BadChunk
		}
		c.stage = sizeFirst
	default:
		if c.line++; c.line > trailerLimit {
			return TrailerTooLarge
		}
		return c.trailer(x)
	}
	return More
}

// sizeLine takes a byte of chunk-size and chunk-ext. Extensions may hold
// anything but control characters; nothing here depends on them. The grammar
// lets bad white space stand between size and ";", which many recipients
// refuse: so it is refused here.
func (c *Chunked) sizeLine(x byte) Reason { //nolint:gocyclo // one case for each rule of the line, and their order counts
	switch {
	case c.stage <= sizeMore && isHex(x):
		if c.digits++; c.digits > 15 {
			return ChunkTooLarge
		}
		c.left = c.left<<4 | uint64(hexValue(x))
		c.stage = sizeMore
	case c.stage == sizeFirst:
		return BadChunk
	case x == ';' && c.stage == sizeMore:
		c.stage = extStart
	case x == '\r' && (c.stage == sizeMore || c.stage == extRest):
		c.stage = sizeLF
	case c.stage == extStart && classes[x]&token != 0:
		c.stage = extRest
	case c.stage == extStart && isSpace(x):
	case x < 0x20 && x != '\t' || x == 0x7f:
		if x == '\r' {
			return BadChunk
		}
		return controlReason(x)
	case c.stage == extRest:
	default:
		return BadChunk
	}
	return More
}

// trailer takes a byte of the trailer section (RFC 9112, 7.1.2).
func (c *Chunked) trailer(x byte) Reason { //nolint:gocyclo // one case for each rule of the section, and their order counts
	switch {
	case c.stage == trailerLF || c.stage == lastLF:
		if x != '\n' {
			return BareCR
		}
		if c.stage == lastLF {
			c.stage = chunkedDone
			return OK
		}
		c.stage = trailerStart
	case c.stage == trailerStart && x == '\r':
		c.stage = lastLF
	case c.stage == trailerStart && isSpace(x):
		return Fold
	case c.stage == trailerValue && x == '\r':
		c.stage = trailerLF
	case c.stage == trailerName && x == '\r':
		return BadName // no colon
	case x < 0x20 && x != '\t' || x == 0x7f:
		return controlReason(x)
	case c.stage == trailerValue:
	case classes[x]&token != 0:
		c.stage = trailerName
	case c.stage == trailerName && x == ':':
		c.stage = trailerValue
	case c.stage == trailerName && isSpace(x):
		return SpaceBeforeColon
	default:
		return BadName
	}
	return More
}

func hexValue(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return lower(c) - 'a' + 10
}
