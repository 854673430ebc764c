// Package flowtest gives tests of the proxy real sockets to play both ends of
// a flow with. It owns the outer ends; the inner ends are raw descriptors for
// the code under test to own. It is imported by tests only.
package flowtest
