// Package wirevm runs the tests of package wire and the scenarios again, inside a virtual
// machine whose kernel has what the host's may lack: broute, the queue for the
// mirrored handshake, VLAN devices and netem.
package wirevm
