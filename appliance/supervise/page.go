package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"limpid/appliance/child"
	"limpid/appliance/control"
	"limpid/appliance/credential"
	"limpid/appliance/link"
)

// pageLook is how often the page's certificate is looked at when nothing happens.
const pageLook = time.Hour

// Page is what the web page is told: where it listens, in the order of its
// descriptors, and by which certificate it is known.
type Page struct {
	Listen      []string
	Certificate credential.Certificate
	// HandedOn is what the process before has said for this one.
	HandedOn json.RawMessage
}

// page is the web page: its process, and sockets that outlive it. The wire depends on
// nothing of it.
type page struct {
	carried *Carried
	store   *credential.Store
	keeper  *keeper
	changed chan struct{} // the configuration is another one

	mu          sync.Mutex
	answered    time.Time // when its process last answered
	certificate credential.Certificate
}

func (s *Supervisor) newPage() *page {
	carried := s.Carried
	if carried == nil {
		carried = newCarried(s.Credentials)
	}
	p := &page{carried: carried, store: carried.store, changed: make(chan struct{}, 1)}
	p.keeper = &keeper{
		name: "web", log: s.Log, again: make(chan struct{}),
		command: command{name: "web", path: s.Program, args: append([]string{"limpid"}, s.Arguments("web")...), env: s.Env,
			user: child.WebUser(), files: carried.sockets.files, log: &lineLog{s.Log.With("child", "web")}},
		settings: func() any { return s.WebSettings(p.told()) },
		handlers: map[string]link.Handler{child.MethodSessions: carried.keep},
		started:  func() { s.rememberChildren(); p.sacrifice() },
		ended:    func(string) {},
		crashed:  carried.forget,
	}
	return p
}

// keepPage keeps the page as the configuration wants it, until ctx ends.
func (s *Supervisor) keepPage(ctx context.Context) {
	p := s.page
	var running sync.WaitGroup
	stop := func() {}
	var backoff Backoff
	for on := false; ctx.Err() == nil; {
		changed, err := p.prepare(ctx, s.current().Web.Listen)
		s.report("web page", err)
		switch wanted := p.serves(); {
		case wanted && !on:
			own, cancel := context.WithCancel(ctx)
			stop = cancel
			running.Go(func() { p.keeper.run(own) })
		case !wanted && on:
			stop()
			running.Wait()
		case wanted && changed:
			p.keeper.renew()
		}
		on = p.serves()
		next := pageLook
		if err != nil {
			next = max(backoff.After(0), firstDelay)
		} else {
			backoff = Backoff{}
		}
		wait(ctx, next, p.changed)
	}
	stop()
	running.Wait()
}

// prepare makes sockets and certificate what they should be, as far as it can, and
// says whether the process has to be told.
func (p *page) prepare(ctx context.Context, listen []string) (changed bool, err error) {
	changed, err = p.carried.sockets.keep(ctx, listen)
	if len(listen) == 0 {
		return changed, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.certificate.Fingerprint
	certificate, certErr := p.store.Certificate(time.Now())
	if certificate.Fingerprint != "" {
		p.certificate = certificate
	}
	return changed || before != p.certificate.Fingerprint, errors.Join(err, certErr)
}

// serves says whether there is anything to serve, and on.
func (p *page) serves() bool {
	return len(p.carried.sockets.addresses()) > 0 && p.known().Fingerprint != ""
}

// known is by what the page is known.
func (p *page) known() credential.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.certificate
}

// told is for a process that starts.
func (p *page) told() Page {
	return Page{Listen: p.carried.sockets.addresses(), Certificate: p.known(), HandedOn: p.carried.handedOn()}
}

// sacrifice has the kernel end the page's process first when memory runs out
// (proc_pid_oom_score_adj(5)). A kernel that refuses changes nothing else.
func (p *page) sacrifice() {
	if pid, _, _ := p.keeper.state(); pid != 0 {
		_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), []byte("1000"), 0)
	}
}

// status is what is shown of the page that is to listen there.
func (p *page) status(listen []string) (control.Page, error) {
	s := control.Page{Process: processOf(p.keeper, 0), Listen: listen, Fingerprint: p.known().Fingerprint}
	hash, err := p.store.Password()
	s.PasswordSet = hash != ""
	started, startedErr := p.store.Started()
	s.Started = started
	return s, errors.Join(err, startedErr)
}
