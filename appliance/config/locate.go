package config

import "strings"

// maxPath bounds a key path in bytes, and with it the depth of nesting. The longest of the schema has 28 bytes. The
// TOML library takes time in the square of the depth, which a hostile file would turn into minutes.
const maxPath = 256

// locations knows where the keys of a TOML source stand.
type locations struct {
	lines map[string]int // key path -> line where it is first named
	twice []repeat       // values set a second time
	deep  int            // line of a key path longer than maxPath, else 0

	spans   map[string]span // key path -> its value, but for those inside other values
	headers map[string]int  // [table] -> the end of its header's line
}

// repeat is a key that was given a value although it already had one.
type repeat struct {
	path        string
	first, line int
}

// line returns where the path stands, or what it would stand in: the table's header, at last line 1.
func (l *locations) line(path string) int {
	for ; path != ""; path = parent(path) {
		if n, ok := l.lines[path]; ok {
			return n
		}
	}
	return 1
}

// locate notes the line of every table, key and array element (TOML 1.1: inline tables may span lines). On a source
// that is no TOML it stops early or misses keys; the caller has the TOML library's error then.
func locate(source string) *locations {
	l := &locator{src: source, lineNo: 1, elements: map[string]int{}}
	l.lines, l.spans, l.headers = map[string]int{}, map[string]span{}, map[string]int{}
	base := "" // the table that the next keys belong to
	for l.blank(); l.pos < len(l.src); l.blank() {
		switch {
		case l.take("[["):
			base = l.header(true)
		case l.take("["):
			base = l.header(false)
			l.until("\n")
			l.headers[base] = l.pos
		default:
			l.keyValue(base)
		}
		l.until("\n") // what is left of the line: a comment, closing brackets
	}
	return &l.locations
}

// locator walks over a TOML source, once, from left to right.
type locator struct {
	locations
	src      string
	pos      int
	elements map[string]int // path of a [[table]] -> how many there were

	counted, lineNo int // line breaks are counted up to here; the line there
}

// here is the line of the current position.
func (l *locator) here() int {
	l.lineNo += strings.Count(l.src[l.counted:l.pos], "\n")
	l.counted = l.pos
	return l.lineNo
}

// note files the path under the current line, unless it stands above already. It ends the walk at a path that is
// too long, and reports whether to go on.
func (l *locator) note(path string) bool {
	if len(path) > maxPath {
		l.deep = l.here()
		l.pos = len(l.src)
		return false
	}
	if _, ok := l.lines[path]; !ok {
		l.lines[path] = l.here()
	}
	return true
}

// header reads the name of a [table] or, with array, of a [[table]], whose bracket was taken. It returns the path
// that the keys below it belong to.
func (l *locator) header(array bool) string {
	path := ""
	parts := l.keyParts()
	for i, part := range parts {
		path = join(path, part)
		if !l.note(path) {
			return ""
		}
		if array && i == len(parts)-1 {
			l.elements[path]++
		}
		// A name above the last part means the newest element: [[a]] then [a.b] is a[0].b.
		if n := l.elements[path]; n > 0 {
			path = element(path, n-1)
			if !l.note(path) {
				return ""
			}
		}
	}
	return path
}

// keyValue reads key = value below base.
func (l *locator) keyValue(base string) {
	path := base
	parts := l.keyParts()
	for i, part := range parts {
		path = join(path, part)
		if first, ok := l.lines[path]; ok && i == len(parts)-1 {
			l.twice = append(l.twice, repeat{path, first, l.here()})
		}
		if !l.note(path) {
			return
		}
	}
	l.spaces()
	if len(parts) > 0 && l.take("=") {
		l.spaces()
		start := l.pos
		l.value(path)
		if value := strings.TrimRight(l.src[start:l.pos], " \t\r"); value != "" {
			l.spans[path] = span{start, start + len(value)}
		}
	}
}

// keyParts reads a dotted key.
func (l *locator) keyParts() []string {
	var parts []string
	for {
		l.spaces()
		start := l.pos
		switch {
		case l.next('"'):
			l.text()
			parts = append(parts, unquote(l.src[start:l.pos]))
		case l.next('\''):
			l.text()
			parts = append(parts, strings.Trim(l.src[start:l.pos], "'"))
		default:
			for l.pos < len(l.src) && isBareByte(l.src[l.pos]) {
				l.pos++
			}
			if l.pos == start {
				return parts
			}
			parts = append(parts, l.src[start:l.pos])
		}
		l.spaces()
		if !l.take(".") {
			return parts
		}
	}
}

// unquote is the key part that a basic string stands for. Its escapes are not Go's (TOML has \e, and \xE9 is a
// character), so the library reads those.
func unquote(text string) string {
	if strings.Contains(text, `\`) {
		if tree, problem := parseTOML("", "key = "+text, &locations{}); problem == nil {
			part, _ := tree["key"].(string)
			return part
		}
	}
	return strings.Trim(text, `"`)
}

// value steps over the value of path and notes what is inside it.
func (l *locator) value(path string) {
	l.spaces()
	switch {
	case l.next('"'), l.next('\''):
		l.text()
	case l.take("["):
		l.items("]", func(i int) {
			if item := element(path, i); l.note(item) {
				l.value(item)
			}
		})
	case l.take("{"):
		l.items("}", func(int) { l.keyValue(path) })
	default:
		l.until(",]}#\n")
	}
}

// items steps over a list with commas up to its closing bracket. It gives up where an item is empty.
func (l *locator) items(end string, item func(i int)) {
	for i := 0; ; i++ {
		l.blank()
		start := l.pos
		if l.take(end) {
			return
		}
		item(i)
		l.blank()
		if !l.take(",") && l.pos == start {
			return
		}
	}
}

// text steps over a string of any of the four kinds.
func (l *locator) text() {
	mark := l.src[l.pos : l.pos+1]
	long := strings.Repeat(mark, 3)
	if !l.take(long) {
		l.pos++
		l.close(mark, mark+"\n", mark == `"`)
		return
	}
	l.close(long, mark, mark == `"`)
	// Up to two quotes may stand before the closing three (TOML 1.0, "String").
	for range 2 {
		l.take(mark)
	}
}

// close steps behind the end mark, looking only at the bytes in stops and, with escapes, over each escaped byte.
// A line break in stops ends an unclosed string.
func (l *locator) close(end, stops string, escapes bool) {
	if escapes {
		stops += `\`
	}
	for {
		l.until(stops)
		switch {
		case l.take(end), l.pos == len(l.src), l.next('\n'):
			return
		case escapes && l.next('\\'):
			l.pos = min(l.pos+2, len(l.src))
		default:
			l.pos++ // a lone quote in a long string
		}
	}
}

// blank steps over white space, line breaks and comments.
func (l *locator) blank() {
	for l.pos < len(l.src) && strings.IndexByte(" \t\r\n#", l.src[l.pos]) >= 0 {
		if l.src[l.pos] == '#' {
			l.until("\n")
		} else {
			l.pos++
		}
	}
}

// spaces steps over white space inside a line.
func (l *locator) spaces() {
	for l.next(' ') || l.next('\t') {
		l.pos++
	}
}

// until moves to the next of the bytes, or to the end.
func (l *locator) until(bytes string) {
	if i := strings.IndexAny(l.src[l.pos:], bytes); i >= 0 {
		l.pos += i
	} else {
		l.pos = len(l.src)
	}
}

// next reports whether the byte comes next.
func (l *locator) next(c byte) bool { return l.pos < len(l.src) && l.src[l.pos] == c }

// take steps over the text if it comes next.
func (l *locator) take(text string) bool {
	if !strings.HasPrefix(l.src[l.pos:], text) {
		return false
	}
	l.pos += len(text)
	return true
}
