package update

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"sync"
	"time"

	"limpid/appliance/control"
	"limpid/appliance/slots"
	"limpid/appliance/update/bundle"
)

// Boot is the choice of the slot to boot. slots.File is one.
type Boot interface {
	Read() (slots.State, error)
	Change(change func(slots.State) (slots.State, error)) (slots.State, error)
}

// Options are what an Updater is made of. All are needed but OtherVersion.
type Options struct {
	Box     Box
	Running slots.Slot
	Boot    Boot
	Open    func() (Target, error) // the slot that does not run
	Keys    func() (bundle.Keys, error)
	Reboot  func(context.Context) error
	Log     *slog.Logger
	// OtherVersion says what the slot that does not run holds; empty when unknown.
	OtherVersion func() string
}

// Updater installs bundles, one at a time. It is a control.Updater.
type Updater struct {
	options Options
	now     func() time.Time
	life    context.Context // of what a request has begun and may outlive it
	end     context.CancelFunc

	looked chan struct{} // closed when look has ended
	busy   sync.Mutex    // held by whoever writes slots or the choice between them

	mu      sync.Mutex // guards all below
	session *session   // nil when none is begun
	phase   control.UpdatePhase
	bundle  control.BundleInfo
	meter   meter
	problem string
	other   string // version of the slot that does not run
	plan    *plan  // nil when no reboot is planned
}

// New makes an Updater. Close ends it.
func New(o Options) *Updater {
	u := &Updater{options: o, now: time.Now, phase: control.UpdateIdle, looked: make(chan struct{})}
	u.life, u.end = context.WithCancel(context.Background())
	go u.look()
	return u
}

// look finds out how things were left. It reads the boot medium, which may be
// dying and take its time: nobody waits for it for long.
func (u *Updater) look() {
	defer close(u.looked)
	problem, other := "", ""
	running := u.options.Running
	if s, err := u.options.Boot.Read(); err == nil && s.Order[0] != running && s.Left[s.Order[0]] == 0 {
		problem = fmt.Sprintf("slot %v was booted and did not prove healthy: the box went back to slot %v", s.Order[0], running)
	}
	if u.options.OtherVersion != nil {
		other = u.options.OtherVersion()
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.session == nil && u.phase == control.UpdateIdle {
		u.problem, u.other = problem, other
	}
}

// lookPatience bounds how long an answer waits for look.
const lookPatience = time.Second

// Close ends an update that is going on; its slot stays unbootable.
func (u *Updater) Close() error {
	u.end()
	<-u.looked
	u.mu.Lock()
	planned := u.plan
	u.plan = nil
	u.mu.Unlock()
	planned.end()
	u.busy.Lock()
	defer u.busy.Unlock()
	return u.drop()
}

// drop forgets the session.
func (u *Updater) drop() error {
	u.mu.Lock()
	s := u.session
	u.session = nil
	u.mu.Unlock()
	if s == nil {
		return nil
	}
	return s.close()
}

// errBusy refuses what would cross an update.
var errBusy = control.Refuse(errors.New("an update is being written: wait for its end, which limpid update status shows"))

// sumForm is a SHA-256 sum as text.
var sumForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Upload implements control.Updater. A broken upload leaves all as it is: the
// same bundle goes on where it broke off, and another one begins anew.
func (u *Updater) Upload(_ context.Context, upload control.Upload, body io.Reader) error {
	if upload.SHA256 != "" && !sumForm.MatchString(upload.SHA256) {
		return control.Refuse(fmt.Errorf("upload bundle: sha256 %.80q: want 64 digits of 0-9 and a-f", upload.SHA256))
	}
	if !u.busy.TryLock() {
		return errBusy
	}
	defer u.busy.Unlock()
	s, err := u.begin(upload)
	if err != nil {
		return control.Refuse(err)
	}
	if err := u.receive(s, body); err != nil {
		return err
	}
	u.enter(control.UpdateVerifying, newMeter(u.now, 0, s.image.Size))
	if err := s.finish(u.life, u.progressed); err != nil {
		return u.fail(s, err)
	}
	u.mu.Lock()
	u.phase, u.meter.stopped, u.other = control.UpdateReady, true, u.bundle.Version
	u.mu.Unlock()
	u.options.Log.Info("update is written and verified: the next boot tries it", "slot", u.options.Running.Other().String(), "version", u.bundle.Version)
	return u.drop()
}

// begin finds the session that an upload goes on with, or makes a new one.
func (u *Updater) begin(upload control.Upload) (*session, error) {
	u.mu.Lock()
	old := u.session
	u.mu.Unlock()
	if old != nil && old.id != "" && old.id == upload.SHA256 && old.size == upload.Size && old.reader.Offset() == upload.Offset {
		old.downgrade = upload.Downgrade
		u.enter(control.UpdateReceiving, newMeter(u.now, upload.Offset, upload.Size))
		return old, nil
	}
	if upload.Offset != 0 {
		return nil, fmt.Errorf("upload bundle: nothing is there to go on with at byte %d: see bundle.received of GET /v1/update, or begin at 0", upload.Offset)
	}
	if err := u.drop(); err != nil {
		u.options.Log.Warn("cannot let go of the slot of an earlier update", "error", err)
	}
	s := newSession(&u.options, upload.SHA256, upload.Size, upload.Downgrade, u.told)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.session, u.problem = s, ""
	u.bundle = control.BundleInfo{SHA256: upload.SHA256, Size: upload.Size}
	u.phase, u.meter = control.UpdateReceiving, newMeter(u.now, 0, upload.Size)
	return s, nil
}

// receive takes the body. An error of the body leaves the session for later,
// any other ends it.
func (u *Updater) receive(s *session, body io.Reader) error {
	buffer := make([]byte, 128<<10)
	for s.reader.Offset() < s.size {
		n, broken := body.Read(buffer[:min(int64(len(buffer)), s.size-s.reader.Offset())])
		taken, err := s.reader.Write(buffer[:n])
		u.progressed(int64(taken))
		if err != nil {
			return u.fail(s, err)
		}
		if broken != nil && s.reader.Offset() < s.size {
			return u.interrupt(s, broken)
		}
	}
	return nil
}

// interrupt keeps a session whose upload broke off, if it can be found again.
func (u *Updater) interrupt(s *session, broken error) error {
	if errors.Is(broken, io.EOF) {
		broken = io.ErrUnexpectedEOF
	}
	err := fmt.Errorf("receive bundle: it broke off after %d of %d bytes: send the rest: %w", s.reader.Offset(), s.size, broken)
	u.options.Log.Warn("upload of an update broke off", "received", s.reader.Offset(), "size", s.size, "error", broken)
	if s.id == "" {
		return u.fail(s, err)
	}
	u.mu.Lock()
	u.phase, u.meter.stopped = control.UpdateInterrupted, true
	u.mu.Unlock()
	return control.Refuse(err)
}

// fail ends a session for good.
func (u *Updater) fail(s *session, err error) error {
	u.options.Log.Error("update failed", "version", u.bundle.Version, "error", err)
	u.mu.Lock()
	u.phase, u.meter.stopped, u.problem = control.UpdateFailed, true, err.Error()
	if s.begun {
		u.other = ""
	}
	u.mu.Unlock()
	err = errors.Join(err, u.drop())
	if _, ours := errors.AsType[fault](err); ours {
		return err
	}
	return control.Refuse(err)
}

func (u *Updater) enter(phase control.UpdatePhase, m meter) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.phase, u.meter = phase, m
}

func (u *Updater) progressed(n int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.meter.add(n)
	if u.phase == control.UpdateReceiving {
		u.bundle.Received += n
	}
}

// told notes what a bundle, whose signature is right, says it is.
func (u *Updater) told(h bundle.Head) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.bundle.Version, u.bundle.Notes, u.bundle.SignedBy = h.Manifest.Version, h.Manifest.Notes, h.SignedBy()
	u.options.Log.Info("update begins", "version", u.bundle.Version, "key", u.bundle.SignedBy)
}

// GoBack implements control.Updater.
func (u *Updater) GoBack(context.Context) error {
	if !u.busy.TryLock() {
		return errBusy
	}
	defer u.busy.Unlock()
	running := u.options.Running
	if _, err := u.options.Boot.Change(func(s slots.State) (slots.State, error) { return slots.Back(s, running) }); err != nil {
		if _, ours := errors.AsType[fault](blame(err)); ours {
			return err
		}
		return control.Refuse(err)
	}
	u.mu.Lock()
	u.phase, u.bundle, u.problem = control.UpdateIdle, control.BundleInfo{}, ""
	u.mu.Unlock()
	u.options.Log.Info("going back: the next boot tries the other slot", "slot", running.Other().String())
	return nil
}

// Reboot implements control.Updater.
func (u *Updater) Reboot(ctx context.Context) error {
	if !u.busy.TryLock() {
		return errBusy
	}
	defer u.busy.Unlock()
	s, err := u.options.Boot.Read()
	if err != nil {
		return err
	}
	if !slots.Pending(s, u.options.Running) {
		return errNothingToTry
	}
	return u.options.Reboot(ctx)
}

// Update implements control.Updater.
func (u *Updater) Update(ctx context.Context) (control.Update, error) {
	waiting, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	select {
	case <-u.looked:
	case <-waiting.Done():
	}
	running := u.options.Running
	s, err := u.options.Boot.Read()
	u.mu.Lock()
	defer u.mu.Unlock()
	state := control.Update{
		Slots: true, Version: u.options.Box.Version, Board: u.options.Box.Board, Running: running.String(),
		Healthy: slots.Committed(s, running),
		Other:   control.OtherSlot{Slot: running.Other().String(), BootsLeft: int(s.Left[running.Other()]), Version: u.other},
		Phase:   u.phase, Bundle: u.bundle, Problem: u.problem,
	}
	if u.plan != nil {
		state.RebootAt = u.plan.at
	}
	switch {
	case err != nil:
		state.Problem = err.Error()
	// Also one that was written, or asked for, before this process began.
	case slots.Pending(s, running) && u.session == nil:
		state.Phase = control.UpdateReady
	}
	if u.phase != control.UpdateIdle {
		state.Progress = u.meter.progress()
	}
	return state, nil
}
