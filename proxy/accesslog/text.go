package accesslog

import (
	"strconv"
	"time"
)

// Text writes records for people: aligned, one line each.
type Text struct {
	// Colour marks statuses and verdicts, for a terminal.
	Colour bool
	// Zone is what times are shown in.
	Zone *time.Location
}

// SGR sequences (ECMA-48, 8.3.117).
const (
	sgrFaint  = "\x1b[2m"
	sgrRed    = "\x1b[31m"
	sgrGreen  = "\x1b[32m"
	sgrYellow = "\x1b[33m"
	sgrCyan   = "\x1b[36m"
	sgrOff    = "\x1b[0m"
)

// Head is the line that names the columns, its end included.
func (f *Text) Head() string {
	return "TIME                CLIENT           STATUS  VERDICT         TIME      BYTES  REQUEST\n"
}

// Append appends the record's line, its end included.
func (f *Text) Append(dst []byte, r *Record) []byte {
	dst = f.paint(dst, sgrFaint)
	dst = time.Unix(0, r.Started).In(f.Zone).AppendFormat(dst, "01-02 15:04:05.000")
	dst = f.paint(dst, sgrOff)
	dst = append(dst, "  "...)
	at := len(dst)
	dst = r.Client.Addr().AppendTo(dst)
	dst = appendSpaces(dst, 15-(len(dst)-at)+2)

	status := "-"
	if r.Status != 0 {
		status = strconv.Itoa(int(r.Status))
	}
	dst = f.paint(dst, statusColour(r.Status))
	dst = append(dst, status...)
	dst = f.paint(dst, sgrOff)
	dst = appendSpaces(dst, 8-len(status))

	verdict := r.Verdict.String()
	dst = f.paint(dst, verdictColour(r.Verdict))
	dst = append(dst, verdict...)
	dst = f.paint(dst, sgrOff)
	dst = appendSpaces(dst, 11-len(verdict))

	dst = appendRight(dst, duration(r.Total), 9)
	dst = appendRight(dst, volume(r.ResponseBytes), 11)
	dst = append(dst, "  "...)
	if len(r.Target) > 0 {
		dst = appendField(dst, r.Method)
		dst = append(dst, ' ')
		dst = r.appendTarget(dst)
	} else {
		dst = r.Server.AppendTo(dst)
	}
	if r.Reason != "" {
		dst = append(dst, " ("...)
		dst = appendURL(dst, []byte(r.Reason))
		dst = append(dst, ')')
	}
	return append(dst, '\n')
}

func (f *Text) paint(dst []byte, sequence string) []byte {
	if !f.Colour {
		return dst
	}
	return append(dst, sequence...)
}

func statusColour(status uint16) string {
	switch {
	case status >= 500:
		return sgrRed
	case status >= 400:
		return sgrYellow
	case status >= 200 && status < 300:
		return sgrGreen
	}
	return sgrFaint
}

func verdictColour(v Verdict) string {
	switch v {
	case Hit, Revalidated, Stale:
		return sgrGreen
	case Block, Abort:
		return sgrRed
	case Tunnel:
		return sgrCyan
	default:
		return sgrOff
	}
}

// duration is a time for people, three digits or so of it.
func duration(ns int64) string {
	d := time.Duration(ns)
	switch {
	case ns < 0:
		return "-"
	case d < 10*time.Millisecond:
		return strconv.FormatFloat(d.Seconds()*1e3, 'f', 2, 64) + " ms"
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	case d < 100*time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	}
	return d.Round(time.Second).String()
}

// volume is a number of bytes for people.
func volume(n uint64) string {
	if n < 1<<10 {
		return strconv.FormatUint(n, 10) + " B"
	}
	value, unit := float64(n)/(1<<10), 0
	for value >= 1000 && unit < 5 {
		value, unit = value/(1<<10), unit+1
	}
	return strconv.FormatFloat(value, 'f', 1, 64) + " " + "KMGTPE"[unit:unit+1] + "iB"
}

func appendSpaces(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, ' ')
	}
	return dst
}

func appendRight(dst []byte, text string, width int) []byte {
	return append(appendSpaces(dst, width-len(text)), text...)
}
