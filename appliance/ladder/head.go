package ladder

import "strings"

const (
	// maxLine is how much of a payload is looked at, in bytes, and maxHead how much of a
	// first line is kept.
	maxLine = 512
	maxHead = 60
	// maxMethod bounds a method, in bytes.
	maxMethod = 16
)

// headOf is the first line of an HTTP head, if that is what begins there: method and
// path, or version and status. The query, and a password in the target, are left out:
// they may be secrets. Empty: it is something else.
func headOf(payload []byte) string {
	line, _, whole := strings.Cut(string(payload[:min(len(payload), maxLine)]), "\r\n")
	if strings.ContainsFunc(line, func(c rune) bool { return c < ' ' || c > '~' }) {
		return ""
	}
	if strings.HasPrefix(line, "HTTP/1.") {
		if !whole {
			return ""
		}
		return shorten(line)
	}
	method, rest, ok := strings.Cut(line, " ")
	if !ok || !isMethod(method) {
		return ""
	}
	target, version, ended := strings.Cut(rest, " ")
	switch {
	case !isTarget(method, target), whole && (!ended || !strings.HasPrefix(version, "HTTP/1.")):
		return ""
	case !whole && strings.Contains(target, "://"):
		return "" // who asks may stand there, cut off before the sign that says so
	}
	return shorten(method + " " + withoutSecrets(target))
}

// isMethod takes those that are in use: any of them is written in capitals.
func isMethod(word string) bool {
	return word != "" && len(word) <= maxMethod && strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") == ""
}

// isTarget knows the four forms of RFC 9112, section 3.2.
func isTarget(method, target string) bool {
	return strings.HasPrefix(target, "/") || target == "*" || strings.Contains(target, "://") || method == "CONNECT" && target != ""
}

// withoutSecrets leaves out the query, and who asks.
func withoutSecrets(target string) string {
	if path, _, asked := strings.Cut(target, "?"); asked {
		target = path + "?..."
	}
	scheme, rest, ok := strings.Cut(target, "://")
	if !ok || strings.HasPrefix(target, "/") {
		return target
	}
	host, path, slash := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = "...@" + host[i+1:]
	}
	if slash {
		path = "/" + path
	}
	return scheme + "://" + host + path
}

func shorten(line string) string {
	if len(line) > maxHead {
		return line[:maxHead-3] + "..."
	}
	return line
}
