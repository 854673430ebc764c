// Package console is the status screen of a box on its serial line or screen, and
// the few keys it has: for whoever stands before the box and has no other way in.
// It owns one terminal. What it shows it asks of the control API, and of process 1
// through the run directory; what a key does it is given as Actions. Lines (what is
// on the screen) is a plain function of what is known; only lines that have changed
// are written, in plain ANSI.
package console
