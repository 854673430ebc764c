package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestReferenceIsDefault(t *testing.T) {
	got, err := Parse("reference.toml", Reference())
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Bridge.Ports = []string{"eth0", "eth1"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// TestReferenceHasEveryKey wants each key of the schema, with a comment right above it, and in the order of the schema.
func TestReferenceHasEveryKey(t *testing.T) {
	at, lines := locate(reference), strings.Split(reference, "\n")
	var order []int
	for _, path := range append(schemaKeys(), keysOf(reflect.TypeFor[Config]())...) {
		n := at.lines[path]
		if n == 0 {
			t.Errorf("%s is not in the reference", path)
			continue
		}
		above := n - 2
		if lines[above] == "" {
			above--
		}
		if !strings.HasPrefix(lines[above], "#") {
			t.Errorf("%s (line %d) has no comment", path, n)
		}
		if strings.Contains(path, ".") {
			order = append(order, n)
		}
	}
	if len(order) != 43 {
		t.Errorf("the schema has %d keys, want 43", len(order))
	}
	if !slices.IsSorted(order) {
		t.Error("the keys are not in the order of the schema")
	}
}

// TestReferenceExamples puts every example (a comment indented by three spaces) in place of its default.
func TestReferenceExamples(t *testing.T) {
	key := regexp.MustCompile(`^([a-z_0-9]+) = `)
	lines := strings.Split(reference, "\n")
	seen := map[string]int{}
	for i := 0; i < len(lines); i++ {
		start := key.FindStringSubmatch(strings.TrimPrefix(lines[i], "#   "))
		if start == nil || !strings.HasPrefix(lines[i], "#") {
			continue
		}
		example := strings.TrimPrefix(lines[i], "#   ")
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "#   ") && !key.MatchString(lines[i+1][4:]) {
			i++
			example += "\n" + strings.TrimPrefix(lines[i], "#   ")
		}
		seen[start[1]]++
		// The default follows its examples.
		at := i + slices.IndexFunc(lines[i:], func(s string) bool { return strings.HasPrefix(s, start[0]) })
		source := strings.Join(slices.Concat(lines[:at], []string{example}, lines[at+1:]), "\n")
		c, err := Parse("reference.toml", []byte(source))
		if err != nil {
			t.Errorf("%s: %v", example, err)
			continue
		}
		d := Default()
		d.Bridge.Ports = c.Bridge.Ports
		if reflect.DeepEqual(c, d) {
			t.Errorf("%s: changes nothing", example)
		}
	}
	want := map[string]int{"vlans": 1, "address": 2, "dns": 1, "ntp": 1, "timezone": 1, "interface": 1, "bypass": 1, "disk": 1, "block": 1, "listen": 2, "syslog": 2}
	if !reflect.DeepEqual(seen, want) {
		t.Errorf("examples are %v, want %v", seen, want)
	}
	for _, inner := range keysOf(reflect.TypeFor[Pair]()) {
		if !strings.Contains(reference, "{"+inner+" = ") {
			t.Errorf("no example of bypass shows %s", inner)
		}
	}
}

// TestReferenceRanges keeps the figures of the comments and of the checks together.
func TestReferenceRanges(t *testing.T) {
	for _, text := range []string{
		`"` + brief(minInterval) + `" to "` + brief(maxInterval) + `"`,
		fmt.Sprintf("%q to %q, which", minHead, maxHead),
		fmt.Sprintf("%q to %q. A connection", minLine, maxHead),
		fmt.Sprintf(" %d to %d.", minFields, maxFields),
		fmt.Sprintf("%q to %q, or", brief(minDeadline), brief(maxDeadline)),
		fmt.Sprintf("%q to %q, or", brief(minDeadline), brief(maxIdle)),
		fmt.Sprintf("At least %q", minKeep),
		Size(maxSource).String()[:3] + " KiB",
	} {
		if !strings.Contains(reference, text) {
			t.Errorf("the reference does not say %s", text)
		}
	}
}

func TestReferenceIsACopy(t *testing.T) {
	clear(Reference())
	if _, err := Parse("reference.toml", Reference()); err != nil {
		t.Error(err)
	}
}
