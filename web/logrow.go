package web

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"limpid/appliance/control"
)

// cell is what a row shows in a column, and the page of the log that shows only rows
// with the same there.
type cell struct{ Text, Only string }

// row is a record of the log.
type row struct {
	Time, At       string // of the day; and whole
	Client, Server cell
	Method         cell
	Site, Path     cell
	Status         cell
	Tone           string // of the status
	Verdict        cell
	Reason         cell
	Bytes, Took    string
	Details        []counter
	Own            rowForms
	Ladder         []rung
	Messages       []message // its heads, if they were recorded
}

// rowFacts are what is known beside the records.
type rowFacts struct {
	filter filter
	never  []control.BypassPair // in effect now
	heads  map[uint64]control.HeadPair
	zone   *time.Location
}

// rowForms are what of a row can be chosen not to be captured any more.
type rowForms struct{ Client, Server, Site string }

// rowsOf gives the newest first.
func rowsOf(records []control.LogRecord, known rowFacts) []row {
	rows := make([]row, 0, len(records))
	for i := len(records) - 1; i >= 0; i-- {
		rows = append(rows, rowOf(&records[i], known))
	}
	return rows
}

func rowOf(r *control.LogRecord, known rowFacts) row {
	f := known.filter
	only := func(name, shown, text string) cell { return cell{shown, "/log?" + f.with(name, text)} }
	client, server := r.Client.Addr().String(), r.Server.Addr().String()
	at := r.Time.In(known.zone)
	site, path := placeOf(r.URL)
	v := row{
		Time: at.Format("15:04:05.000"), At: at.Format("2006-01-02 15:04:05.000 MST"),
		Client: only("client", client, client), Server: only("server", server, server),
		Method: only("method", r.Method, r.Method),
		Site:   only("host", site, hostOf(site)), Path: cell{Text: path},
		Tone:    toneOf(r),
		Verdict: only("verdict", r.Verdict, r.Verdict), Reason: only("reason", r.Reason, r.Reason),
		Bytes: size(r.ResponseBytes), Took: took(r.Total),
		Details: detailsOf(r, known.zone), Own: rowForms{client, server, siteOf(r)}, Ladder: ladderOf(r),
	}
	uncached := "Nothing is kept for the next one: this version has no cache."
	if pair, ok := known.heads[r.Heads]; ok && r.Heads > 0 {
		var caching string
		v.Messages, caching = messagesOf(pair)
		uncached += " " + caching
	}
	if r.Method != "" && r.Verdict == "forward" {
		v.Details = append(v.Details, counter{Name: "Cache", Value: strings.TrimSpace(uncached)})
	}
	if why := neverCaptured(known.never, r.Client.Addr(), r.Server.Addr()); why != "" {
		v.Details = append(v.Details, counter{Name: "From now on", Value: why})
	}
	if r.Status != 0 {
		status := strconv.Itoa(int(r.Status))
		v.Status = only("status", status, status)
	}
	if site == "" {
		v.Site = v.Server
	}
	return v
}

// placeOf divides a URL into the site with its scheme, and the rest. A browser that
// shows what somebody else has sent must not be led there by a click: nothing of it
// becomes a link.
func placeOf(text string) (site, path string) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text, "" // CONNECT: host and port
	}
	site, path, _ = strings.Cut(rest, "/")
	if scheme != "http" {
		site = scheme + "://" + site
	}
	return site, "/" + path
}

// hostOf is a site without its port, as the filter wants it.
func hostOf(site string) string {
	if _, rest, ok := strings.Cut(site, "://"); ok {
		site = rest
	}
	return (&url.URL{Host: site}).Hostname()
}

func toneOf(r *control.LogRecord) string {
	switch {
	case r.Verdict == "abort" || r.Status >= 500:
		return bad
	case r.Status >= 400:
		return warn
	case r.Status == 0:
		return idle
	}
	return good
}

// size is an amount of bytes for people (IEC 80000-13).
func size(n uint64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	value, unit := float64(n), 0
	for value >= 1024 && unit < len(units)-1 {
		value, unit = value/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.3g %s", value, units[unit])
}

// took is a time of the log for people; unknown is empty.
func took(us *int64) string {
	if us == nil {
		return ""
	}
	return (time.Duration(*us) * time.Microsecond).Round(roundingOf(*us)).String()
}

// roundingOf leaves about three digits.
func roundingOf(us int64) time.Duration {
	switch {
	case us >= 10_000_000:
		return 100 * time.Millisecond
	case us >= 1_000_000:
		return 10 * time.Millisecond
	case us >= 1000:
		return 10 * time.Microsecond
	}
	return time.Microsecond
}

// detailsOf are all that is known of a record.
func detailsOf(r *control.LogRecord, zone *time.Location) []counter {
	all := []counter{
		{Name: "Began", Value: r.Time.In(zone).Format("2006-01-02 15:04:05.000000 MST")},
		{Name: "Address", Value: r.URL},
		{Name: "Client", Value: r.Client.String()},
		{Name: "Server", Value: r.Server.String()},
		{Name: "VLAN", Value: some(uint64(r.VLAN))},
		{Name: "Connection", Value: some(r.Flow)},
		{Name: "Verdict", Value: strings.TrimSpace(r.Verdict + " " + r.Reason)},
		{Name: "Why", Value: whyOf(r)},
		{Name: "Request", Value: size(r.RequestBytes)},
		{Name: "Response", Value: size(r.ResponseBytes)},
		{Name: "Content type", Value: r.ContentType},
		{Name: "User agent", Value: r.UserAgent},
		{Name: "Cut short here", Value: r.Cut},
	}
	known := all[:0]
	for _, c := range all {
		if c.Value != "" {
			known = append(known, c)
		}
	}
	return known
}

// some is a number, or nothing for 0.
func some(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}
