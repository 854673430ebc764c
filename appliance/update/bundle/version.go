package bundle

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Version is a version of limpid that has an order: semantic versioning 2.0.0,
// and what git describe makes of it behind a tag (v1.2.3-4-gabcdef0), which is
// later than the tag. The zero Version is older than all others.
type Version struct {
	numbers [3]uint64
	before  []string // identifiers of a pre-release; nil for a release
	commits uint64   // since the tag
	text    string
}

// versionForm splits major, minor, patch, pre-release and build of a version; a
// leading v is ours.
var versionForm = regexp.MustCompile(`^v?(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$`)

// describeForm is the end that git describe adds.
var describeForm = regexp.MustCompile(`^(?:(.*)-)?([1-9]\d{0,8})-g[0-9a-f]{4,64}$`)

// maxVersion bounds the length of a version, in bytes.
const maxVersion = 128

// ParseVersion reads a version like 1.2.3, v1.2.3-rc.1 or v1.2.3-4-gabcdef0.
func ParseVersion(text string) (Version, error) {
	fail := fmt.Errorf("read version %q: want one like 1.2.3 or 1.2.3-rc.1", text)
	if len(text) > maxVersion {
		return Version{}, fmt.Errorf("read version: %d characters, at most %d are allowed", len(text), maxVersion)
	}
	match := versionForm.FindStringSubmatch(text)
	if match == nil {
		return Version{}, fail
	}
	v := Version{text: text}
	for i := range v.numbers {
		v.numbers[i], _ = strconv.ParseUint(match[i+1], 10, 64) // at most nine digits
	}
	before := strings.TrimSuffix(strings.TrimSuffix(match[4], "dirty"), "-")
	if describe := describeForm.FindStringSubmatch(before); describe != nil {
		before = describe[1]
		v.commits, _ = strconv.ParseUint(describe[2], 10, 64)
	}
	if before == "" {
		return v, nil
	}
	v.before = strings.Split(before, ".")
	for _, part := range v.before {
		if part == "" || len(part) > 1 && part[0] == '0' && isNumber(part) {
			return Version{}, fail
		}
	}
	return v, nil
}

// String gives the version as it was read.
func (v Version) String() string { return v.text }

// Compare is negative if v is older than w, and 0 if neither is.
func (v Version) Compare(w Version) int {
	for i := range v.numbers {
		if c := cmp.Compare(v.numbers[i], w.numbers[i]); c != 0 {
			return c
		}
	}
	return cmp.Or(compareBefore(v.before, w.before), cmp.Compare(v.commits, w.commits))
}

// compareBefore compares pre-releases (semantic versioning 2.0.0, section 11).
func compareBefore(v, w []string) int {
	if len(v) == 0 || len(w) == 0 {
		return cmp.Compare(len(w), len(v)) // none is a release, which is later
	}
	for i := range min(len(v), len(w)) {
		if c := compareIdentifier(v[i], w[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(v), len(w))
}

func compareIdentifier(v, w string) int {
	switch nv, nw := isNumber(v), isNumber(w); {
	case nv && nw:
		return cmp.Or(cmp.Compare(len(v), len(w)), cmp.Compare(v, w)) // no leading zeros
	case nv:
		return -1
	case nw:
		return 1
	}
	return cmp.Compare(v, w)
}

func isNumber(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}
