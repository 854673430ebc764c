package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// list puts texts into a sentence.
func list(texts []string) string {
	const most = 4
	texts = slices.Clone(texts)
	for i := range texts {
		texts[i] = brief(texts[i])
	}
	if rest := len(texts) - most; rest > 0 {
		return strings.Join(texts[:most], "; ") + fmt.Sprintf("; and %d more", rest)
	}
	return strings.Join(texts, "; ")
}

// brief bounds what others have said: the proxy, say, which reads what strangers send.
func brief(text string) string {
	const most = 400
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + " ..."
}

// span is a duration for people.
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d h", d/time.Hour)
}

// plural counts things.
func plural(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
