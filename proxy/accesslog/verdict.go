package accesslog

// Verdict is what was done with a transaction or a connection.
type Verdict uint8

// The verdicts. Those of the cache are for responses that it answers or keeps.
const (
	Forward     Verdict = iota // relayed from the server
	Hit                        // answered from the cache
	Miss                       // relayed, and the cache had nothing for it
	Revalidated                // answered from the cache after the server said that it still holds
	Stale                      // answered from the cache although it has expired
	Block                      // refused by a rule
	Tunnel                     // bytes carried untouched, nothing parsed
	Abort                      // ended before its response was complete
	verdictCount
)

var verdictNames = [verdictCount]string{"forward", "hit", "miss", "revalidated", "stale", "block", "tunnel", "abort"}

// String is the name in every format and filter.
func (v Verdict) String() string {
	if v < verdictCount {
		return verdictNames[v]
	}
	return "unknown"
}
