// Package watchdog finds out whether new connections are really served, and
// says which process is to blame when they are not. It owns the health check
// (a connection to the gate's listener that must come back through hand-over
// queue and relay from an origin of its own), the judgement of heartbeats, and
// the driver of a hardware watchdog. It arms, disarms and kills nothing
// itself: it tells its Target. Judge is a plain function of samples and time.
package watchdog
