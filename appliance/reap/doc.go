// Package reap starts the children of process 1 and buries everybody else's.
// The kernel gives process 1 every orphan; whoever waits for "any child" there
// takes the exit status from under os/exec, so both go through one Reaper: it
// knows which children are its own, and reaps only the others. It owns no
// policy about starting again.
package reap
