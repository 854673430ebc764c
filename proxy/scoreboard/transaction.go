package scoreboard

// A transaction is a request with what became of it. Each has one cell, by
// method, class of status and verdict.

// Method is a request method as far as it is counted apart.
type Method uint8

// Methods that are counted apart.
const (
	GET Method = iota
	HEAD
	POST
	PUT
	DELETE
	OPTIONS
	CONNECT
	PATCH
	OtherMethod
	// Methods is how many there are.
	Methods = int(OtherMethod) + 1
)

var methodNames = [Methods]string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "PATCH", "other"}

// String is the method as the request says it, or "other".
func (m Method) String() string { return methodNames[min(m, OtherMethod)] }

// Class is the first digit of a status code (RFC 9110, 15).
type Class uint8

// Classes. Those between are of the digit that is their number.
const (
	NoClass Class = 0 // no final response
	// Classes is how many there are.
	Classes = 6
)

var classNames = [Classes]string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"}

// String is "1xx" to "5xx", or "none".
func (c Class) String() string {
	if c >= Classes {
		c = NoClass
	}
	return classNames[c]
}

// ClassOf is the class of a status code: NoClass for 0 and for what is no
// status code.
func ClassOf(status int) Class {
	if status < 100 || status > 599 {
		return NoClass
	}
	return Class(status / 100)
}

// Verdict is what the proxy did with a request. The access log has the same
// names.
type Verdict uint8

// Verdicts.
const (
	Forward     Verdict = iota // the server answered
	Hit                        // answered from the cache
	Miss                       // the server answered, since the cache could not
	Revalidated                // answered from the cache after the server had confirmed it
	Stale                      // answered from the cache though it was stale
	Block                      // refused by a rule
	Tunnel                     // the flow became a tunnel: after CONNECT or Upgrade, or since it was not plainly HTTP
	Abort                      // the flow ended before the response did
	// Verdicts is how many there are.
	Verdicts = int(Abort) + 1
)

var verdictNames = [Verdicts]string{"forward", "hit", "miss", "revalidated", "stale", "block", "tunnel", "abort"}

// String is the verdict's name.
func (v Verdict) String() string { return verdictNames[min(v, Abort)] }

// Transactions is the cell of the proxy's board that counts one kind of them.
func Transactions(m Method, c Class, v Verdict) Cell {
	if c >= Classes {
		c = NoClass
	}
	return transactions + (Cell(min(m, OtherMethod))*Classes+Cell(c))*Cell(Verdicts) + Cell(min(v, Abort))
}
