package accesslog

import (
	"bytes"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Filter says which records are wanted: those for which all of it holds. The
// zero Filter wants all.
type Filter struct {
	client, server       netip.Prefix
	host                 string // a glob, lower case
	method               string
	statusFrom, statusTo uint16
	verdict              string
	reason               string
	path                 string
	minTime              int64 // ns
	minBytes             uint64
	since                int64 // Unix time, ns
}

// FilterKeys are the words of ParseFilter, sorted.
func FilterKeys() []string { return slices.Sorted(maps.Keys(filterWords())) }

// filterWords tells how each word of a filter is read.
func filterWords() map[string]func(f *Filter, text string, now time.Time) error {
	type reader = func(f *Filter, text string, now time.Time) error
	return map[string]reader{
		"client": func(f *Filter, text string, _ time.Time) error { return readPrefix(text, &f.client) },
		"server": func(f *Filter, text string, _ time.Time) error { return readPrefix(text, &f.server) },
		"host": func(f *Filter, text string, _ time.Time) error {
			f.host = strings.ToLower(text)
			return nil
		},
		"method": func(f *Filter, text string, _ time.Time) error {
			f.method = text
			return nil
		},
		"status": readStatus,
		"verdict": func(f *Filter, text string, _ time.Time) error {
			if !slices.Contains(verdictNames[:], text) {
				return fmt.Errorf("want one of %s", strings.Join(verdictNames[:], ", "))
			}
			f.verdict = text
			return nil
		},
		"reason": func(f *Filter, text string, _ time.Time) error {
			f.reason = text
			return nil
		},
		"path": func(f *Filter, text string, _ time.Time) error {
			f.path = text
			return nil
		},
		"min_time": func(f *Filter, text string, _ time.Time) error {
			d, err := time.ParseDuration(text)
			if err != nil || d < 0 {
				return fmt.Errorf("want a time like 250ms or 2s")
			}
			f.minTime = int64(d)
			return nil
		},
		"min_bytes": readBytes,
		"since":     readSince,
	}
}

// ParseFilter reads a filter from its words:
//
//	client, server      an address or a prefix
//	host                a name in which * stands for any text, without port
//	method              as written in the request
//	status              a number, or a class like 4xx
//	verdict, reason     a name
//	path                part of the URL
//	min_time            of the whole transaction, like 250ms
//	min_bytes           of request and response, like 100KiB
//	since               an RFC 3339 time, or how long ago, like 10m
//
// An empty word is left out.
func ParseFilter(words map[string]string, now time.Time) (Filter, error) {
	var f Filter
	known := filterWords()
	for _, key := range slices.Sorted(maps.Keys(words)) {
		read, ok := known[key]
		if !ok {
			return Filter{}, fmt.Errorf("no filter %q: want one of %s", key, strings.Join(FilterKeys(), ", "))
		}
		if words[key] == "" {
			continue
		}
		if err := read(&f, words[key], now); err != nil {
			return Filter{}, fmt.Errorf("filter %s=%q: %w", key, words[key], err)
		}
	}
	return f, nil
}

func readPrefix(text string, to *netip.Prefix) error {
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		*to = netip.PrefixFrom(address, address.BitLen())
		return nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return fmt.Errorf("want an address or a prefix, like 192.0.2.7 or 2001:db8::/32")
	}
	*to = prefix.Masked()
	return nil
}

func readStatus(f *Filter, text string, _ time.Time) error {
	if class, ok := strings.CutSuffix(strings.ToLower(text), "xx"); ok && len(class) == 1 && class[0] >= '1' && class[0] <= '9' {
		f.statusFrom = uint16(class[0]-'0') * 100
		f.statusTo = f.statusFrom + 99
		return nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n < 100 || n > 999 {
		return fmt.Errorf("want a number like 404, or a class like 4xx")
	}
	f.statusFrom, f.statusTo = uint16(n), uint16(n)
	return nil
}

func readBytes(f *Filter, text string, _ time.Time) error {
	number, shift := text, 0
	for _, unit := range []struct {
		name  string
		shift int
	}{{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"B", 0}} {
		if rest, ok := strings.CutSuffix(text, unit.name); ok {
			number, shift = rest, unit.shift
			break
		}
	}
	n, err := strconv.ParseUint(number, 10, 33)
	if err != nil {
		return fmt.Errorf("want a size like 4096, 100KiB or 1MiB")
	}
	f.minBytes = n << shift
	return nil
}

func readSince(f *Filter, text string, now time.Time) error {
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		f.since = now.Add(-d).UnixNano()
		return nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return fmt.Errorf("want how long ago, like 10m, or a time like 2026-01-02T03:04:05Z")
	}
	f.since = t.UnixNano()
	return nil
}

// match reports whether a record is wanted.
func (f *Filter) match(r *Record) bool {
	switch {
	case f.client.IsValid() && !f.client.Contains(r.Client.Addr()),
		f.server.IsValid() && !f.server.Contains(r.Server.Addr()),
		f.statusTo != 0 && (r.Status < f.statusFrom || r.Status > f.statusTo),
		f.verdict != "" && r.Verdict.String() != f.verdict,
		f.reason != "" && r.Reason != f.reason,
		f.method != "" && string(r.Method) != f.method,
		r.Total < f.minTime && f.minTime > 0,
		r.RequestBytes+r.ResponseBytes < f.minBytes,
		f.since != 0 && r.Started < f.since:
		return false
	}
	if f.host != "" && !glob(f.host, requestHost(r)) {
		return false
	}
	return f.path == "" || bytes.Contains(r.appendTarget(nil), []byte(f.path))
}

// begins reports whether a record may be wanted, by what is known of it at its begin.
func (f *Filter) begins(r *Record) bool {
	switch {
	case f.client.IsValid() && !f.client.Contains(r.Client.Addr()),
		f.server.IsValid() && !f.server.Contains(r.Server.Addr()),
		f.method != "" && string(r.Method) != f.method:
		return false
	}
	if f.host != "" && !glob(f.host, requestHost(r)) {
		return false
	}
	return f.path == "" || bytes.Contains(r.appendTarget(nil), []byte(f.path))
}

// requestHost is the host that was asked for, in lower case, without port: of
// the Host field or, without one, the server's address.
func requestHost(r *Record) string {
	return string(appendHost(nil, r))
}

// appendHost appends the same.
func appendHost(dst []byte, r *Record) []byte {
	host := r.Host
	if len(host) == 0 {
		return r.Server.Addr().AppendTo(dst)
	}
	if host[0] == '[' {
		host, _, _ = bytes.Cut(host[1:], []byte("]"))
	} else {
		host, _, _ = bytes.Cut(host, []byte(":"))
	}
	for i, c := range host {
		if c >= utf8.RuneSelf {
			return append(dst, bytes.ToLower(host[i:])...)
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// glob reports whether text is the pattern, in which * stands for any text.
func glob(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	first, last := parts[0], parts[len(parts)-1]
	rest, ok := strings.CutPrefix(text, first)
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, last)
}
