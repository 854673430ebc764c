// Package gate decides connection by connection whether a flow is captured,
// and hands captured flows to the proxy. It owns, in a process of its own, the
// queue of SYNs (NFQUEUE), the upstream connections until they are handed
// over, and the flows nobody took, which it carries as plain tunnels. It
// parses nothing that strangers send beyond IP and TCP headers, never speaks
// HTTP, and never changes a rule: its word on a SYN is a verdict and a mark. It
// is one event loop on one goroutine; every method that may be called from
// elsewhere posts to that loop.
package gate
