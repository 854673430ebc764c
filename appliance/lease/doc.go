// Package lease keeps the box's own IPv4 address by DHCP (RFC 2131): it asks,
// renews at T1, rebinds at T2, gives the address up when the lease is over, and
// asks again whether it still holds when the cable was pulled. It owns the
// exchange of DHCP messages on one interface; setting the address is its
// caller's. It has no part in the wire: while it waits for a server for ever,
// frames cross as ever. Machine is a plain function of answers and time.
package lease
