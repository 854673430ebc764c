package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// UpdatePhase is how far an update has come.
type UpdatePhase string

// Phases.
const (
	UpdateIdle        UpdatePhase = "idle"
	UpdateReceiving   UpdatePhase = "receiving"   // and writing the spare slot
	UpdateInterrupted UpdatePhase = "interrupted" // the upload broke off and may go on
	UpdateVerifying   UpdatePhase = "verifying"   // reading the slot back
	UpdateReady       UpdatePhase = "ready"       // the next boot tries the other slot
	UpdateFailed      UpdatePhase = "failed"
)

// Update is the answer to GET /v1/update.
type Update struct {
	// Slots says whether limpid runs from a slot and can be updated this way.
	// Without them only Version and Board are set.
	Slots   bool   `json:"slots"`
	Version string `json:"version"` // of what runs
	Board   string `json:"board"`

	Running string    `json:"running,omitempty"` // slot, "a" or "b"
	Healthy bool      `json:"healthy"`           // what runs has proved healthy since it was booted
	Other   OtherSlot `json:"other,omitzero"`

	Phase    UpdatePhase `json:"phase"`
	Bundle   BundleInfo  `json:"bundle,omitzero"`   // what is, or was last, being written
	Progress Progress    `json:"progress,omitzero"` // of the phase
	Problem  string      `json:"problem,omitempty"` // why the last update failed, or that it was undone

	RebootAt time.Time `json:"reboot_at,omitzero"` // when what is to be tried will be booted, if that is planned
}

// OtherSlot is the slot that does not run.
type OtherSlot struct {
	Slot string `json:"slot"`
	// BootsLeft is how often it may be booted before it proves healthy; with 0
	// there is no going back to it.
	BootsLeft int    `json:"boots_left"`
	Version   string `json:"version,omitempty"` // empty when unknown
}

// BundleInfo is a bundle as far as it is known.
type BundleInfo struct {
	SHA256   string `json:"sha256,omitempty"` // of the whole bundle, as the sender gave it
	Size     int64  `json:"size"`             // bytes
	Received int64  `json:"received"`         // bytes; an upload of the same bundle goes on here
	Version  string `json:"version,omitempty"`
	Notes    string `json:"notes,omitempty"`
	SignedBy string `json:"signed_by,omitempty"` // key whose signature was found right, as minisign names it
}

// Progress is how far a phase has come.
type Progress struct {
	Done    int64   `json:"done"`    // bytes
	Total   int64   `json:"total"`   // bytes
	Percent float64 `json:"percent"` // 0 to 100
	Rate    int64   `json:"rate"`    // bytes a second, of late
}

// Upload is what is said of a bundle, or of its rest, that is being sent.
type Upload struct {
	SHA256    string // of the whole bundle, 64 hexadecimal digits; empty if it shall not be resumed
	Offset    int64  // bytes before the one sent first
	Size      int64  // bytes of the whole bundle
	Downgrade bool   // an older version is wanted
}

// Updater is the part of a Backend that updates the firmware.
type Updater interface {
	Update(ctx context.Context) (Update, error)
	// Upload takes a bundle, or the rest of one, writes it to the slot that
	// does not run, verifies it, and has the next boot try it.
	Upload(ctx context.Context, upload Upload, body io.Reader) error
	// GoBack has the next boot try the slot that ran before the last update.
	GoBack(ctx context.Context) error
	// Reboot boots what is to be tried.
	Reboot(ctx context.Context) error
	// PlanReboot does so at a time to come; the zero time calls that off.
	PlanReboot(ctx context.Context, at time.Time) error
}

// RebootPlan is the body of PUT /v1/update/reboot.
type RebootPlan struct {
	At time.Time `json:"at"`
}

// idleUpload bounds how long the next bytes of an upload may take.
const idleUpload = 30 * time.Second

// patientBody gives each read of a request's body time of its own.
type patientBody struct {
	body    io.Reader
	control *http.ResponseController
}

func (b patientBody) Read(p []byte) (int, error) {
	if err := b.control.SetReadDeadline(time.Now().Add(idleUpload)); err != nil {
		return 0, fmt.Errorf("set deadline: %w", err)
	}
	return b.body.Read(p)
}

// putBundle takes a body of any size for as long as it keeps coming.
func putBundle(w http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	upload, err := uploadOf(r.URL.Query(), r.ContentLength)
	if err != nil {
		return nil, err
	}
	rc := http.NewResponseController(w)
	// Verifying a slow stick takes a while: the answer waits for it.
	if err := rc.SetWriteDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("take upload: %w", err)
	}
	if err := b.Upload(r.Context(), upload, patientBody{r.Body, rc}); err != nil {
		// What else is sent of it is not read.
		w.Header().Set("Connection", "close")
		return nil, err
	}
	return b.Update(r.Context())
}

func uploadOf(query url.Values, length int64) (Upload, error) {
	u := Upload{SHA256: query.Get("sha256")}
	if length < 0 {
		return u, Refuse(errors.New("upload bundle: send its length (Content-Length)"))
	}
	if text := query.Get("offset"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 || n > 1<<40 {
			return u, Refuse(fmt.Errorf("offset %q: want the number of bytes already received", text))
		}
		u.Offset = n
	}
	switch text := query.Get("downgrade"); text {
	case "", "false":
	case "true":
		u.Downgrade = true
	default:
		return u, Refuse(fmt.Errorf("downgrade %q: want true or false", text))
	}
	u.Size = u.Offset + length
	return u, nil
}

func postBack(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	if err := b.GoBack(r.Context()); err != nil {
		return nil, err
	}
	return b.Update(r.Context())
}

func postReboot(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	if err := b.Reboot(r.Context()); err != nil {
		return nil, err
	}
	return b.Update(r.Context())
}

func putReboot(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	plan, err := bodyOf[RebootPlan](r)
	if err != nil {
		return nil, err
	}
	if plan.At.IsZero() {
		return nil, Refuse(errors.New("plan reboot: say when, as {\"at\": \"2026-01-31T03:00:00Z\"}"))
	}
	if err := b.PlanReboot(r.Context(), plan.At); err != nil {
		return nil, err
	}
	return b.Update(r.Context())
}

func deleteReboot(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	if err := b.PlanReboot(r.Context(), time.Time{}); err != nil {
		return nil, err
	}
	return b.Update(r.Context())
}

// Update asks for the state of slots and of an update.
func (c *Client) Update(ctx context.Context) (Update, error) {
	var u Update
	return u, c.ask(ctx, http.MethodGet, "/v1/update", nil, &u)
}

// Upload sends a bundle, or the rest of one that was begun, and returns when it
// was written and verified. Size is of the whole bundle; body gives what comes
// behind Offset.
func (c *Client) Upload(ctx context.Context, upload Upload, body io.Reader) (Update, error) {
	query := url.Values{"offset": {strconv.FormatInt(upload.Offset, 10)}, "downgrade": {strconv.FormatBool(upload.Downgrade)}}
	if upload.SHA256 != "" {
		query.Set("sha256", upload.SHA256)
	}
	path := bundlePath + "?" + query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://limpid"+path, body)
	if err != nil {
		return Update{}, fmt.Errorf("ask %s: %w", path, err)
	}
	request.ContentLength = upload.Size - upload.Offset
	// However long it takes: ctx ends it.
	patient := &http.Client{Transport: c.http.Transport}
	answer, err := c.send(patient, request, path)
	if err != nil {
		return Update{}, err
	}
	var u Update
	if err := json.Unmarshal(answer, &u); err != nil {
		return Update{}, fmt.Errorf("read answer of %s: %w", path, err)
	}
	return u, nil
}

// GoBack has the next boot try the slot that ran before the last update.
func (c *Client) GoBack(ctx context.Context) (Update, error) {
	var u Update
	return u, c.ask(ctx, http.MethodPost, "/v1/update/back", nil, &u)
}

// Reboot boots what is to be tried.
func (c *Client) Reboot(ctx context.Context) (Update, error) {
	var u Update
	return u, c.ask(ctx, http.MethodPost, "/v1/update/reboot", nil, &u)
}

// PlanReboot boots what is to be tried at a time to come; the zero time calls that off.
func (c *Client) PlanReboot(ctx context.Context, at time.Time) (Update, error) {
	var u Update
	if at.IsZero() {
		return u, c.ask(ctx, http.MethodDelete, "/v1/update/reboot", nil, &u)
	}
	return u, c.ask(ctx, http.MethodPut, "/v1/update/reboot", RebootPlan{at}, &u)
}
