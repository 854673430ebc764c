// Package supervise runs limpid on a box: it builds the bridge and the rules,
// makes every socket that must outlive a child, starts gate and proxy and
// starts them again, and decides about the mode. It owns the processes, the
// run directory and the moment at which capture is armed or disarmed; netlink
// it leaves to bridge and interceptor, and it never looks at a client's bytes.
// The decisions are plain functions of what is known (Inputs.decide, Gap,
// Backoff); Core applies them under one lock, so that a failure heard of by
// anybody disarms at once.
package supervise
