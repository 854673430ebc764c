// Package interceptor takes TCP connections off the bridge and puts their
// packets back. It owns, in the network namespace of its process: the nft
// tables `bridge limpid` and `inet limpid`, the marks they set, the policy
// routing rules and tables those marks select, and the made-up next hops
// (neighbours and static FDB entries) that lead out of each port. It never
// speaks HTTP and never starts a process. The rule set is computed as a plain
// value from a Spec (ruleset.go and the files named after chains), installed
// in one batch on a netlink socket that owns the tables, and so vanishes with
// its process. Nothing is read back to decide what to do: a change of Spec
// writes every rule anew, and only the sets that hold live flows are kept.
package interceptor
