package buildroot

import (
	"fmt"
	"regexp"
	"strings"
)

// Option is a line of a Kconfig fragment.
type Option struct {
	Name  string // with CONFIG_
	Value string // as written after the equals sign; "" is "is not set"
	Line  int    // from 1
}

// String gives the line as it stands in a .config.
func (o Option) String() string {
	if o.Value == "" {
		return "# " + o.Name + " is not set"
	}
	return o.Name + "=" + o.Value
}

var (
	unsetLine = regexp.MustCompile(`^# (CONFIG_[A-Za-z0-9_]+) is not set$`)
	setLine   = regexp.MustCompile(`^(CONFIG_[A-Za-z0-9_]+)=(y|-?[0-9]+|0x[0-9a-fA-F]+|"(?:[^"\\]|\\.)*")$`)
	// What Kconfig would take for a comment, or read otherwise than meant.
	almostUnset = regexp.MustCompile(`^#+\s*CONFIG_\w+\s*(=|is\b)`)
	moduleLine  = regexp.MustCompile(`^CONFIG_\w+=m$`)
	noLine      = regexp.MustCompile(`^CONFIG_\w+=n$`)
)

// ParseFragment reads a fragment more strictly than Kconfig does, which ignores what it cannot read. Every mistake is
// told, one a line, with its line number.
func ParseFragment(text string) ([]Option, error) {
	var options []Option
	var mistakes []string
	first := map[string]int{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSuffix(line, "\n")
		option, mistake := parseLine(line)
		if mistake != "" {
			mistakes = append(mistakes, fmt.Sprintf("line %d: %q: %s", number, line, mistake))
			continue
		}
		if option.Name == "" {
			continue
		}
		if before := first[option.Name]; before != 0 {
			mistakes = append(mistakes, fmt.Sprintf("line %d: %s stands on line %d already", number, option.Name, before))
			continue
		}
		option.Line = number
		first[option.Name] = number
		options = append(options, option)
	}
	if len(mistakes) > 0 {
		return nil, fmt.Errorf("read fragment: %s", strings.Join(mistakes, "\n"))
	}
	return options, nil
}

// parseLine gives the option of a line, none for a blank line or a comment, or what is wrong with it.
func parseLine(line string) (option Option, mistake string) {
	switch {
	case line != strings.TrimSpace(line):
		return Option{}, "remove the space before or after"
	case unsetLine.MatchString(line):
		return Option{Name: unsetLine.FindStringSubmatch(line)[1]}, ""
	case almostUnset.MatchString(line):
		return Option{}, `write "# CONFIG_X is not set", or remove it`
	case line == "" || strings.HasPrefix(line, "#"):
		return Option{}, ""
	case moduleLine.MatchString(line):
		return Option{}, "there are no modules: write =y"
	case noLine.MatchString(line):
		return Option{}, `write "# CONFIG_X is not set"`
	}
	match := setLine.FindStringSubmatch(line)
	if match == nil {
		return Option{}, "neither an option nor a comment"
	}
	return Option{Name: match[1], Value: match[2]}, ""
}
