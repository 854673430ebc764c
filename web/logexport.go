package web

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"limpid/appliance/control"
)

// fromStart is a cursor of no run: it stands for all that is in memory (docs/log.md).
const fromStart = "start.0"

// exportLog gives all records in memory that the words of the address want, the
// oldest first. It is written page by page: what fails later ends the file, which a
// browser shows as a download that broke off.
func (p *Page) exportLog(w http.ResponseWriter, r *http.Request) {
	var to exporter
	kind := r.PathValue("kind")
	switch kind {
	case "csv":
		to = &csvExport{w: csv.NewWriter(w)}
	case "json":
		to = &jsonExport{w: w}
	default:
		http.NotFound(w, r)
		return
	}
	f := filterOf(r.URL.Query())
	query := control.LogQuery{Filter: f.words, After: fromStart, Limit: control.MaxLog}
	page, err := p.control.Log(r.Context(), query)
	if err != nil {
		p.refuse(w, r, http.StatusBadRequest, sentence(err))
		return
	}
	name := "limpid-log-" + p.stamp() + "." + kind
	w.Header().Set("Content-Type", to.mediaType())
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	begun := p.clock()
	for {
		for i := range page.Records {
			if err := to.add(&page.Records[i]); err != nil {
				return // who asked has gone away
			}
		}
		// What comes while this is written is not waited for.
		n := len(page.Records)
		if n == 0 || page.Records[n-1].Time.After(begun) {
			_ = to.end()
			return
		}
		query.After = page.Cursor
		if page, err = p.control.Log(r.Context(), query); err != nil {
			p.log.Error("cannot export the log to its end", "error", err)
			panic(http.ErrAbortHandler) // net/http breaks the connection off
		}
	}
}

// exporter writes records in a format.
type exporter interface {
	mediaType() string
	add(r *control.LogRecord) error
	end() error
}

// jsonExport is an array of the records as GET /v1/log gives them.
type jsonExport struct {
	w     io.Writer
	begun bool
}

func (*jsonExport) mediaType() string { return "application/json" }

func (e *jsonExport) add(r *control.LogRecord) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("export record: %w", err)
	}
	before := ",\n"
	if !e.begun {
		e.begun, before = true, "[\n"
	}
	_, err = e.w.Write(append([]byte(before), text...))
	return err
}

func (e *jsonExport) end() error {
	text := "\n]\n"
	if !e.begun {
		text = "[]\n"
	}
	_, err := io.WriteString(e.w, text)
	return err
}

// csvExport is a table with a line of names (RFC 4180).
type csvExport struct {
	w     *csv.Writer
	begun bool
}

func (*csvExport) mediaType() string { return "text/csv; charset=utf-8; header=present" }

func (e *csvExport) add(r *control.LogRecord) error {
	if err := e.begin(); err != nil {
		return err
	}
	line := []string{
		r.Time.UTC().Format(time.RFC3339Nano), strconv.FormatUint(r.Flow, 10), r.Client.String(), r.Server.String(), some(uint64(r.VLAN)),
		r.Method, r.URL, some(uint64(r.Status)), r.Verdict, r.Reason,
		strconv.FormatUint(r.RequestBytes, 10), strconv.FormatUint(r.ResponseBytes, 10),
		microseconds(r.Connect), microseconds(r.FirstByte), microseconds(r.Total), r.ContentType, r.UserAgent,
	}
	for i, text := range line {
		line[i] = plain(text)
	}
	return e.w.Write(line)
}

func (e *csvExport) begin() error {
	if e.begun {
		return nil
	}
	e.begun = true
	return e.w.Write(strings.Fields("time flow client server vlan method url status verdict reason " +
		"request_bytes response_bytes connect_us first_byte_us total_us content_type user_agent"))
}

func (e *csvExport) end() error {
	if err := e.begin(); err != nil {
		return err
	}
	e.w.Flush()
	return e.w.Error()
}

func microseconds(us *int64) string {
	if us == nil {
		return ""
	}
	return strconv.FormatInt(*us, 10)
}

// plain keeps a spreadsheet from taking what a stranger has sent for a formula: it
// would be worked out on the computer of who opens the file (OWASP, CSV injection).
func plain(text string) string {
	if text != "" && strings.ContainsAny(text[:1], "=+-@\t\r") {
		return "'" + text
	}
	return text
}
