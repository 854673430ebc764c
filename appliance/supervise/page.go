package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
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

// page is the web page: sockets that outlive its process, and that process. The
// wire depends on nothing of it.
type page struct {
	carried *Carried
	store   *credential.Store
	keeper  *keeper
	changed chan struct{} // the configuration is another one

	mu          sync.Mutex
	answered    time.Time // when its process last answered
	sockets     []pageSocket
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
			user: child.WebUser(), files: p.files, log: &lineLog{s.Log.With("child", "web")}},
		settings: func() any { return s.WebSettings(p.told()) },
		handlers: map[string]link.Handler{child.MethodSessions: carried.keep},
		started:  func() { s.rememberChildren(); p.sacrifice() },
		ended:    func(string) { carried.ended() },
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
			p.carried.handOn()
			stop()
			running.Wait()
		case wanted && changed:
			p.carried.handOn()
			p.keeper.restart()
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
	p.carried.handOn()
	stop()
	running.Wait()
	p.close()
}

// prepare makes sockets and certificate what they should be, as far as it can, and
// says whether the process has to be told.
func (p *page) prepare(ctx context.Context, listen []string) (changed bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sockets = slices.DeleteFunc(p.sockets, func(s pageSocket) bool {
		gone := !slices.Contains(listen, s.address)
		if gone {
			_ = s.file.Close()
			changed = true
		}
		return gone
	})
	var errs []error
	for _, address := range listen {
		if slices.ContainsFunc(p.sockets, func(s pageSocket) bool { return s.address == address }) {
			continue
		}
		socket, err := listenPage(ctx, address)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		p.sockets, changed = append(p.sockets, socket), true
	}
	if len(listen) == 0 {
		return changed, errors.Join(errs...)
	}
	before := p.certificate.Fingerprint
	certificate, err := p.store.Certificate(time.Now())
	if certificate.Fingerprint != "" {
		p.certificate = certificate
	}
	return changed || before != p.certificate.Fingerprint, errors.Join(append(errs, err)...)
}

// serves says whether there is anything to serve, and on.
func (p *page) serves() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.sockets) > 0 && p.certificate.Fingerprint != ""
}

func (p *page) told() Page {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := Page{Certificate: p.certificate, HandedOn: p.carried.handedOn()}
	for _, s := range p.sockets {
		t.Listen = append(t.Listen, s.address)
	}
	return t
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
	s := control.Page{Process: processOf(p.keeper, 0), Listen: listen, Fingerprint: p.told().Certificate.Fingerprint}
	hash, err := p.store.Password()
	s.PasswordSet = hash != ""
	started, startedErr := p.store.Started()
	s.Started = started
	return s, errors.Join(err, startedErr)
}

func (p *page) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sockets {
		_ = s.file.Close()
	}
	p.sockets = nil
}
