package accesslog

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// header5424 is HEADER SP of RFC 5424, section 6, with the one structured data
// element that limpid sends.
var header5424 = regexp.MustCompile(`^<(\d{1,3})>1 ` + // PRI VERSION
	`(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:Z|[+-]\d{2}:\d{2})) ` + // TIMESTAMP
	`([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) ` + // HOSTNAME APP-NAME PROCID MSGID
	`\[([!#-<>-\\^-~]{1,32})`) // SD-ID

var name5424 = regexp.MustCompile(`^ ([!#-<>-\\^-~]{1,32})="`)

// parse5424 reads a message by the grammar of RFC 5424 and returns the parameters
// of its structured data.
func parse5424(message []byte) (map[string]string, error) {
	if !utf8.Valid(message) {
		return nil, errors.New("no UTF-8")
	}
	head := header5424.FindSubmatch(message)
	if head == nil {
		return nil, errors.New("no header")
	}
	params := map[string]string{"hostname": string(head[3]), "app": string(head[4]), "msgid": string(head[6]), "sd-id": string(head[7])}
	rest := string(message[len(head[0]):])
	for !strings.HasPrefix(rest, "]") {
		name := name5424.FindStringSubmatch(rest)
		if name == nil {
			return nil, fmt.Errorf("no parameter at %q", rest)
		}
		rest = rest[len(name[0]):]
		var value strings.Builder
		for rest != "" && rest[0] != '"' {
			switch {
			case rest[0] == ']':
				return nil, fmt.Errorf("unescaped ] in %s", name[1])
			case rest[0] == '\\' && len(rest) > 1 && strings.ContainsRune(`"\]`, rune(rest[1])):
				rest = rest[1:]
			}
			value.WriteByte(rest[0])
			rest = rest[1:]
		}
		if rest == "" {
			return nil, fmt.Errorf("open value of %s", name[1])
		}
		if _, twice := params[name[1]]; twice {
			return nil, fmt.Errorf("%s twice", name[1])
		}
		params[name[1]], rest = value.String(), rest[1:]
	}
	if rest = rest[1:]; !strings.HasPrefix(rest, " ") {
		return nil, fmt.Errorf("no message in %q", rest)
	}
	params["msg"] = rest[1:]
	return params, nil
}
