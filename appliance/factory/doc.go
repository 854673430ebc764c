// Package factory takes a box back to what it was before anybody had used it: what
// people have set, what was learned of them and what was recorded goes; firmware, the
// keys that updates are signed with and the wire stay. A reset is asked for by a file
// beside the settings, forced to the disk before anything goes, and is over when that
// file goes too, after everything else. So one that a power cut, a crash or a full
// disk has broken off is finished at the next start, and never half. Finish has to be
// called while nobody reads or writes what goes: before a supervisor starts. The
// package removes files by names that it knows, in the folders that it was told of,
// and opens none of them; it decides nothing else.
package factory
