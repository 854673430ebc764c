// Package settings keeps the settings file of a box, what it was before, and at most
// one change that waits to be confirmed. A change that could cut a person off from
// the box is tried first: its text lies beside the settings, which stay as they are
// until somebody who reached the box under the new ones has said so. Whatever ends
// the trial otherwise, a power cut too, leaves the settings as they were; Open says
// what became of a trial that it finds. Every way to change the settings goes through
// Begin or Commit, so that each is in the history and no two cross. The package
// writes files and decides nothing else: what a text means, whether it is valid, and
// how it is put into effect is for others.
package settings
