package control

import (
	"bytes"
	"regexp"
	"strings"
)

// Operation is one call of the API, as openapi.yaml has it.
type Operation struct {
	Method, Path string // GET, /v1/flows/{id}
	Summary      string
	// Scope is who may make it over HTTPS: ScopeRead, ScopeFull, or ScopeSocket.
	Scope string
}

// ScopeSocket says that a call is for the control socket alone.
const ScopeSocket = "socket"

// Description is openapi.yaml, which describes the API.
func Description() []byte { return bytes.Clone(description) }

// Lines of openapi.yaml that name operations, at fixed indents.
var (
	pathLine    = regexp.MustCompile(`^  (/\S+):$`)
	methodLine  = regexp.MustCompile(`^    (get|post|put|delete|patch):$`)
	summaryLine = regexp.MustCompile(`^      summary: (.+)$`)
	scopeLine   = regexp.MustCompile(`^      x-scope: (\S+)$`)
)

// Operations are all calls of the API, in the order of openapi.yaml.
func Operations() []Operation {
	paths, _, _ := strings.Cut(string(description), "\ncomponents:")
	var all []Operation
	path := ""
	for line := range strings.SplitSeq(paths, "\n") {
		if m := pathLine.FindStringSubmatch(line); m != nil {
			path = m[1]
			continue
		}
		if m := methodLine.FindStringSubmatch(line); m != nil {
			all = append(all, Operation{Method: strings.ToUpper(m[1]), Path: path})
			continue
		}
		if len(all) == 0 {
			continue
		}
		last := &all[len(all)-1]
		if m := summaryLine.FindStringSubmatch(line); m != nil {
			last.Summary = m[1]
		}
		if m := scopeLine.FindStringSubmatch(line); m != nil {
			last.Scope = m[1]
		}
	}
	return all
}
