package script

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	errEscape = errors.New(`bad escape: want \r \n \t \0 \\ \" or \xHH`)
	errItem   = errors.New(`want "text", body(SIZE) or body(SIZE, SEED), the name of a section, or | and a line`)
)

// maxPause keeps scenarios short.
const maxPause = 3 * time.Second

// parser reads one file.
type parser struct {
	scenario *Scenario
	sections []section
	// messages are the sections that are neither script, once they were read.
	messages map[string]items
	reading  []string // names of messages being read, to find circles
	counted  map[string]bool
}

// Parse reads a scenario. Its errors name file, line and what is wrong there.
func Parse(file, content string) (*Scenario, error) {
	p := &parser{
		scenario: &Scenario{Name: strings.TrimSuffix(path.Base(file), ".txtar"), Proxy: Settings{NonHTTP: "tunnel"}, file: file},
		sections: split(content), messages: map[string]items{}, counted: map[string]bool{},
	}
	if err := p.check(content); err != nil {
		return nil, err
	}
	if err := p.header(p.sections[0]); err != nil {
		return nil, err
	}
	if err := p.body(); err != nil {
		return nil, err
	}
	return p.scenario, p.checkBarriers()
}

// body reads the messages and then the scripts that name them.
func (p *parser) body() error {
	for _, s := range p.sections[1:] {
		if s.name == "client" || s.name == "server" {
			continue
		}
		if _, err := p.message(s.name); err != nil {
			return err
		}
	}
	for _, s := range p.sections[1:] {
		var err error
		switch s.name {
		case "client":
			p.scenario.client, err = p.script(s)
		case "server":
			p.scenario.server, err = p.script(s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// at makes an error of a line.
func (p *parser) at(line int, err error) error {
	return fmt.Errorf("%s:%d: %w", p.scenario.file, line, err)
}

// check refuses what is wrong with the file as a whole.
func (p *parser) check(content string) error {
	seen := map[string]bool{}
	for _, s := range p.sections {
		if seen[s.name] {
			return p.at(s.line-1, fmt.Errorf("second section %q", s.name))
		}
		seen[s.name] = true
	}
	for _, name := range []string{"client", "server"} {
		if !seen[name] {
			return p.at(1, fmt.Errorf("no section -- %s --", name))
		}
	}
	for i, line := range strings.Split(content, "\n") {
		if line != strings.TrimRight(line, " \t\r") && line != "|" {
			return p.at(i+1, errors.New(`white space at the end of the line: write \x20 or \t`))
		}
	}
	if !strings.HasPrefix(content, "# ") {
		return p.at(1, errors.New("want a comment that says what this shows and why"))
	}
	return nil
}

// header reads the settings above the scripts.
func (p *parser) header(s section) error {
	for i, line := range s.lines {
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, _ := strings.Cut(line, " ")
		if p.counted[key] {
			return p.at(s.line+i, fmt.Errorf("second %s", key))
		}
		p.counted[key] = true
		if err := p.scenario.set(key, strings.TrimSpace(value)); err != nil {
			return p.at(s.line+i, err)
		}
	}
	if !p.counted["requests"] {
		return p.at(1, errors.New("no line \"requests N\" above the scripts"))
	}
	if !p.counted["responses"] {
		p.scenario.Count.Responses = p.scenario.Count.Requests
	}
	return nil
}

// set takes one setting.
func (s *Scenario) set(key, value string) (err error) {
	switch key {
	case "requests":
		s.Count.Requests, err = strconv.ParseUint(value, 10, 32)
	case "responses":
		s.Count.Responses, err = strconv.ParseUint(value, 10, 32)
	case "resets":
		s.Count.Resets, err = strconv.ParseUint(value, 10, 32)
	case "tunnel":
		s.Count.Tunnel = value
	case "differs":
		s.Differs = value
	case "deadline":
		s.Count.Deadline = value
		if s.Proxy.deadline(value+"_timeout") == nil {
			err = fmt.Errorf("deadline %q: want head, body or idle", value)
		}
	case "buffers":
		var n int64
		n, err = size(value)
		s.Buffers = int(n)
	default:
		var known bool
		if known, err = s.Proxy.set(key, value); !known {
			return fmt.Errorf("unknown setting %q", key)
		}
	}
	if err == nil && value == "" {
		err = fmt.Errorf("%s without a value", key)
	}
	return err
}

// script reads the steps of an end.
func (p *parser) script(s section) ([]step, error) {
	var steps []step
	for i, line := range s.lines {
		number, line := s.line+i, strings.TrimLeft(line, " \t")
		if line == "" || line[0] == '#' {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		next := step{verb: verb(word), line: number}
		known, err := next.arguments(strings.TrimSpace(rest))
		switch {
		case err != nil:
			return nil, p.at(number, err)
		case known && next.verb.takesItems():
			if next.items, err = p.items(rest); err != nil {
				return nil, p.at(number, err)
			}
		case !known:
			// More of what the step before sends or expects.
			if len(steps) == 0 || !steps[len(steps)-1].verb.takesItems() {
				return nil, p.at(number, fmt.Errorf("unknown step %q", word))
			}
			last := &steps[len(steps)-1]
			more, err := p.items(line)
			if err != nil {
				return nil, p.at(number, err)
			}
			last.items = append(last.items, more...)
			continue
		}
		steps = append(steps, next)
	}
	for i := range steps {
		if steps[i].verb.takesItems() {
			if steps[i].items = steps[i].items.join(); steps[i].items.length() == 0 {
				return nil, p.at(steps[i].line, fmt.Errorf("%s nothing", steps[i].verb))
			}
		}
	}
	return steps, nil
}

// arguments reads what follows a verb that takes no bytes, and says whether
// there is such a verb.
func (s *step) arguments(rest string) (known bool, err error) {
	switch s.verb {
	case send, startSend, expect:
		return true, nil
	case expectSent, closeWrite, expectFIN, reset, expectReset, closeAll, closeUnread:
		if rest != "" {
			err = fmt.Errorf("%s takes nothing behind it", s.verb)
		}
	case expectStall:
		s.size, err = size(rest)
	case barrier, verdict:
		if s.name = rest; rest == "" {
			err = fmt.Errorf("%s without a name", s.verb)
		}
	case pause:
		if s.pause, err = time.ParseDuration(rest); err == nil && (s.pause <= 0 || s.pause > maxPause) {
			err = fmt.Errorf("pause %v: want more than 0 and at most %v", s.pause, maxPause)
		}
	default:
		return false, nil
	}
	return true, err
}

// message reads a section that scripts name.
func (p *parser) message(name string) (items, error) {
	if list, ok := p.messages[name]; ok {
		return list, nil
	}
	at := slices.IndexFunc(p.sections, func(s section) bool { return s.name == name && s.name != "client" && s.name != "server" })
	if at < 0 {
		return nil, fmt.Errorf("%q is no step, no section and no item: %w", name, errItem)
	}
	if slices.Contains(p.reading, name) {
		return nil, fmt.Errorf("section %q is part of itself", name)
	}
	p.reading = append(p.reading, name)
	defer func() { p.reading = p.reading[:len(p.reading)-1] }()
	list := items{}
	for i, line := range p.sections[at].lines {
		if line == "" || line[0] == '#' {
			continue
		}
		more, err := p.items(strings.TrimLeft(line, " \t"))
		if err != nil {
			return nil, p.at(p.sections[at].line+i, err)
		}
		list = append(list, more...)
	}
	p.messages[name] = list
	return list, nil
}

// items reads what a line sends or expects.
func (p *parser) items(line string) (items, error) {
	var list items
	for {
		line = strings.TrimLeft(line, " \t")
		if line == "" {
			return list, nil
		}
		if line[0] == '|' {
			b, err := unescape(strings.TrimPrefix(line[1:], " "))
			return append(list, text(append(b, '\r', '\n'))), err
		}
		one, rest, err := p.item(line)
		if err != nil {
			return nil, err
		}
		times := 1
		if count, ok := strings.CutPrefix(rest, "*"); ok {
			count, rest, _ = strings.Cut(count, " ")
			if times, err = strconv.Atoi(count); err != nil || times < 1 {
				return nil, fmt.Errorf("repeat *%s: want a number from 1", count)
			}
		}
		for range times {
			list = append(list, one...)
		}
		line = rest
	}
}

// item reads one item at the start of line.
func (p *parser) item(line string) (list items, rest string, err error) {
	if line[0] == '"' {
		end := 1
		for end < len(line) && line[end] != '"' {
			if line[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(line) {
			return nil, "", errors.New("text without an end: want \"")
		}
		b, err := unescape(line[1:end])
		return items{text(b)}, line[end+1:], err
	}
	if arguments, ok := strings.CutPrefix(line, "body("); ok {
		arguments, rest, ok := strings.Cut(arguments, ")")
		if !ok {
			return nil, "", errItem
		}
		length, seed, _ := strings.Cut(arguments, ",")
		one := item{}
		if one.size, err = size(strings.TrimSpace(length)); err != nil {
			return nil, "", err
		}
		if seed = strings.TrimSpace(seed); seed != "" {
			if one.seed, err = strconv.ParseUint(seed, 10, 64); err != nil {
				return nil, "", fmt.Errorf("seed %q: want a number", seed)
			}
		}
		return items{one}, rest, nil
	}
	end := strings.IndexAny(line, " \t*")
	if end < 0 {
		end = len(line)
	}
	list, err = p.message(line[:end])
	return list, line[end:], err
}

// size reads a number of bytes, with K or M for KiB and MiB.
func size(s string) (int64, error) {
	unit := int64(1)
	digits := s
	switch {
	case strings.HasSuffix(s, "K"):
		digits, unit = s[:len(s)-1], 1<<10
	case strings.HasSuffix(s, "M"):
		digits, unit = s[:len(s)-1], 1<<20
	}
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || n < 1 || n*unit > 1<<30 {
		return 0, fmt.Errorf("size %q: want a number of bytes from 1, or one with K or M behind it", s)
	}
	return n * unit, nil
}

// checkBarriers: both ends must come to the same barriers in the same order.
func (p *parser) checkBarriers() error {
	list := func(steps []step) (all []step) {
		for _, s := range steps {
			if s.verb == barrier {
				all = append(all, s)
			}
		}
		return all
	}
	client, server := list(p.scenario.client), list(p.scenario.server)
	for i, b := range client {
		if i >= len(server) || server[i].name != b.name {
			return p.at(b.line, fmt.Errorf("barrier %q: the server comes to none of that name here", b.name))
		}
	}
	if len(server) > len(client) {
		b := server[len(client)]
		return p.at(b.line, fmt.Errorf("barrier %q: the client comes to none of that name here", b.name))
	}
	return nil
}
