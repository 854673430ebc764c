// Package intake is how the proxy takes connections straight off the TPROXY
// listeners when nobody has to be asked first (handshake "accept"). It owns
// the accepting, the stash of upstream sockets that the gate has prepared and
// sends ahead, and the connect as the client: three system calls that need no
// privilege once the socket is prepared. What it cannot do itself (no socket
// left, a VLAN, a client's port below 1024) it gives to the gate, which
// connects by the same calls and hands the flow over. It asks for no capability
// and sets no mark; the rules let such a socket's SYN out only to where a
// client has just asked to go. Nothing here knows HTTP.
package intake
