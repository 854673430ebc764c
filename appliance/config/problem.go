package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in a configuration file.
type Problem struct {
	File string // as given to Load or Parse
	Line int    // from 1
	Key  string // like intercept.bypass[0].client; may be empty in a syntax error
	What string // what is wrong; how to mend it
}

// String is the problem on one line: file, line, key, what is wrong, how to mend it.
func (p Problem) String() string {
	if p.Key == "" {
		return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.What)
	}
	return fmt.Sprintf("%s:%d: %s: %s", p.File, p.Line, p.Key, p.What)
}

// maxProblems bounds an InvalidError: nobody mends more at a time, and the text may end in a log or on a page.
const maxProblems = 100

// InvalidError says why a configuration was refused: at least one problem, sorted by line.
type InvalidError struct {
	Problems []Problem // at most 100
	More     int       // how many were left out
}

// Error is one line for each problem.
func (e *InvalidError) Error() string {
	lines := make([]string, 0, len(e.Problems)+1)
	for _, p := range e.Problems {
		lines = append(lines, p.String())
	}
	if e.More > 0 {
		lines = append(lines, fmt.Sprintf("%s: %d more; mend these first", e.Problems[0].File, e.More))
	}
	return strings.Join(lines, "\n")
}

// invalid returns the problems as an error, nil when there are none. Problems of one line keep the order in which
// they were found.
func invalid(problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	kept := min(len(problems), maxProblems)
	return &InvalidError{Problems: problems[:kept:kept], More: len(problems) - kept}
}
