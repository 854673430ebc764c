// Command limpid is the whole appliance in one binary: each subcommand has a
// file of its name. It owns the command line and the wiring of the packages
// below it, and nothing else: no kernel object, no decision about the wire.
// `limpid supervise` runs the box, and itself as `limpid gate` and `limpid
// proxy`; the other subcommands ask it on its control socket.
package main
