package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// readRules reads the block patterns as they are. Patterns may repeat: lists are put together from several sources, and a
// repeated pattern blocks the same.
func readRules(t *table, to *Rules) {
	t.texts("block", func(s string) error {
		if err := checkPattern(s); err != nil {
			return err
		}
		to.Block = append(to.Block, s)
		return nil
	})
}

// checkPattern accepts HOST or *.HOST, alone or with /PATH or /PATH*. HOST is a name or an address; the path is matched
// against the request target as it stands, so it has the bytes that one may have (RFC 9112, 3.2; RFC 3986, 2).
func checkPattern(s string) error {
	host, path, hasPath := strings.Cut(s, "/")
	switch {
	case s == "":
		return errors.New(`is empty; write a host like "ads.example" or take it out`)
	case strings.HasSuffix(host, ":") && strings.HasPrefix(path, "/"):
		return fmt.Errorf("%s has a scheme; write %s", quote(s), quote(path[1:]))
	}
	if err := checkPatternHost(s, host); err != nil || !hasPath {
		return err
	}
	return checkPatternPath(s, path)
}

// checkPatternHost checks what stands in front of the path of pattern s.
func checkPatternHost(s, host string) error {
	name := strings.TrimPrefix(host, "*.")
	switch {
	case name == "" || name == "*":
		return fmt.Errorf(`%s would block every host; name one, like "*.ads.example"`, quote(s))
	case strings.Contains(name, "*"):
		return fmt.Errorf(`%s has a * inside the host; it may only stand in front, like "*.ads.example"`, quote(s))
	case isAddress(name) && name != host:
		return fmt.Errorf("%s puts *. before an address; write the address alone", quote(s))
	case isAddress(name): // fits
	case strings.Contains(name, ":"):
		return fmt.Errorf("%s has a port; write the host alone, it stands for every port", quote(s))
	case strings.HasSuffix(name, "."):
		return fmt.Errorf("%s has a dot behind the host; take it out", quote(s))
	case strings.ContainsFunc(name, func(r rune) bool { return r > 127 }):
		return fmt.Errorf(`%s has letters outside ASCII; write the host as it is sent, like "xn--bcher-kva.example"`, quote(s))
	case !isHostName(name):
		return fmt.Errorf(`%s has no valid host; write it like "ads.example" or "*.ads.example"`, quote(s))
	}
	return nil
}

// checkPatternPath checks what stands behind the first slash of pattern s. A path that holds what no request can send
// would be a rule that never matches, and nobody would notice.
func checkPatternPath(s, path string) error {
	path = strings.TrimSuffix(path, "*")
	switch {
	case strings.Contains(path, "*"):
		return fmt.Errorf(`%s has a * inside the path; it may only stand at the end, like "ads.example/banner*"`, quote(s))
	case strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r >= 127 || strings.ContainsRune("#\"<>\\^`{|}", r) }):
		return fmt.Errorf("%s has a character that no request's path has; write it percent-encoded, a space as %%20", quote(s))
	}
	return nil
}

// isAddress reports whether a host is an IP address as a URL has it: IPv6 in brackets.
func isAddress(host string) bool {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		a, err := netip.ParseAddr(inner)
		return ok && err == nil && a.Is6() && a.Zone() == ""
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Is4()
}
