package http1

// Method is a request method as far as framing and caching care.
type Method uint8

// Methods.
const (
	OtherMethod Method = iota
	GET
	HEAD
	POST
	PUT
	DELETE
	CONNECT
	OPTIONS
	TRACE
	PATCH
	methodCount
)

var methodNames = [methodCount]string{"OTHER", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

// String is the method's name.
func (m Method) String() string { return methodNames[m] }

// method reads a method. A known one in other case is refused: it is another
// method by RFC 9110, 9.1, and recipients that are lax about it would frame
// the response to "head" differently from those that are not.
func method(b []byte) (Method, Reason) {
	for m := GET; m < methodCount; m++ {
		if string(b) == methodNames[m] {
			return m, OK
		}
	}
	for m := GET; m < methodCount; m++ {
		if equalFold(b, methodNames[m]) {
			return OtherMethod, BadMethod
		}
	}
	return OtherMethod, OK
}

func equalFold(b []byte, upper string) bool {
	if len(b) != len(upper) {
		return false
	}
	for i, x := range b {
		if 'a' <= x && x <= 'z' {
			x &^= 0x20
		}
		if x != upper[i] {
			return false
		}
	}
	return true
}
