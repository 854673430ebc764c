// Command demo is `make demo` and `make lab`: it shows limpid to a visitor who has
// never seen it, on real traffic. It builds the lab's network of namespaces with
// nginx as the servers and curl, wget and apt-get as the clients, and puts limpid in
// the wire between them: for `make demo` the whole box, a virtual machine that boots
// the disk image, which is spoken to by its serial console; for `make lab` the program
// `limpid supervise` in a namespace. Then it checks in front of the visitor what
// limpid promises: both ends see each other's own addresses, a killed
// proxy costs no new connection, and a bypass is a wire. What it says is
// measured; whatever does not hold ends it with exit code 1. All of it lives in
// namespaces and one temporary directory, and nothing of either is left behind;
// the machine's own network is never touched.
package main
