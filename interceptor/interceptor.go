package interceptor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"limpid/interceptor/flows"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
)

// batchSpace is the socket buffer for a batch, in bytes.
const batchSpace = 8 << 20

var errNotApplied = errors.New("no rules are installed yet")

// Interceptor holds the tables. All its methods may be called from any
// goroutine; all act in the network namespace it was opened in.
type Interceptor struct {
	log *slog.Logger

	mu      sync.Mutex
	conn    *nftables.Conn // lasting: the kernel drops the tables when it closes
	owner   *netlink.Conn  // its socket
	reader  *nftables.Conn // for dumps, which a lasting socket in mid-batch must not mix with
	routes  *routing
	memory  *flows.Memory
	keeper  *keeper
	sweeper *sweeper // nil where the kernel forgets by itself
	spec    *Spec    // what is installed; nil for nothing
	rules   ruleset
	before  []sysctl // what Apply changed, as it was
}

// Open opens the sockets and installs nothing.
func Open(log *slog.Logger) (*Interceptor, error) {
	var owner *netlink.Conn
	conn, err := nftables.New(nftables.AsLasting(), nftables.WithSockOptions(func(c *netlink.Conn) error {
		owner = c
		// The whole rule set goes in one batch, and each message is acknowledged.
		return errors.Join(c.SetReadBuffer(batchSpace), c.SetWriteBuffer(batchSpace))
	}))
	if err != nil {
		return nil, fmt.Errorf("open netfilter socket: %w (needs CAP_NET_ADMIN and CONFIG_NF_TABLES)", err)
	}
	reader, err := nftables.New(nftables.AsLasting())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open netfilter socket: %w", err), conn.CloseLasting())
	}
	routes, err := openRouting()
	if err != nil {
		return nil, errors.Join(err, conn.CloseLasting(), reader.CloseLasting())
	}
	keeper, err := newKeeper()
	if err != nil {
		routes.close()
		return nil, errors.Join(err, conn.CloseLasting(), reader.CloseLasting())
	}
	i := &Interceptor{log: log, conn: conn, owner: owner, reader: reader, routes: routes, memory: flows.New(), keeper: keeper}
	if err := i.keep(); err != nil {
		return nil, errors.Join(err, i.Close())
	}
	return i, nil
}

// OwnerFD is a descriptor that keeps the tables, and the programs if there are any,
// in the kernel. They stay as long as anybody holds a duplicate of it: whoever
// inherits one lets flows end in order after this process was killed.
func (i *Interceptor) OwnerFD() int { return i.keeper.held }

// keep has OwnerFD keep what there is now.
func (i *Interceptor) keep() error {
	links, err := i.memory.Links()
	if err != nil {
		return err
	}
	raw, err := i.owner.SyscallConn()
	if err != nil {
		return fmt.Errorf("keep capture: %w", err)
	}
	kept := err
	if err := raw.Control(func(fd uintptr) { kept = i.keeper.keep(append(links, int(fd))) }); err != nil {
		return fmt.Errorf("keep capture: %w", err)
	}
	return kept
}

// Apply installs what s asks for, routes first, so that no packet is captured
// that could not be routed. An equal Spec only repairs routes. A changed one
// writes all rules anew in one batch; live flows stay captured unless the
// sets that hold them had to change, which is logged.
func (i *Interceptor) Apply(ctx context.Context, s Spec) error {
	s = s.DefaultTimeouts()
	if err := s.Validate(); err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("install capture: %w", err)
	}
	s, err := i.prepare(s)
	if err != nil {
		return err
	}
	rules, err := plan(s)
	if err != nil {
		return err
	}
	if i.spec == nil || !i.spec.equal(s) {
		if err := i.install(s, rules); err != nil {
			return errors.Join(err, i.restore())
		}
	}
	if s.Memory != Programs {
		return i.forget()
	}
	return nil
}

// install writes the rules, in the place of those that are there.
func (i *Interceptor) install(s Spec, rules ruleset) error {
	keep := i.spec != nil && keepsSets(i.rules, rules)
	if i.spec != nil && !keep {
		i.log.Warn("the flow sets change size: connections captured until now are cut off")
	}
	if err := install(i.conn, s, rules, i.spec != nil, keep); err != nil {
		return err
	}
	i.spec, i.rules = &s, rules
	if err := collectOften(i.owner, bridgeTable(), rules.sets); err != nil {
		i.log.Warn("the kernel collects freed slots at its own pace: new connections cost more", "error", err)
	}
	return nil
}

// prepare makes all that the rules count on, and returns s with what was found out.
func (i *Interceptor) prepare(s Spec) (Spec, error) {
	if err := i.alone(); err != nil {
		return s, err
	}
	before, err := setSysctls(sysctls())
	i.before = append(before, i.before...)
	if err != nil {
		return s, err
	}
	if err := i.routes.apply(s); err != nil {
		return s, err
	}
	return i.remember(s)
}

// alone refuses to put anything beside what another limpid has installed.
func (i *Interceptor) alone() error {
	if i.spec != nil {
		return nil
	}
	found, err := findTable(i.reader, bridgeTable())
	if err == nil && found.Present && found.Owned {
		err = fmt.Errorf("install tables %s: they are there: does another limpid hold them in this network namespace?", tableName)
	}
	return err
}

// Withdraw removes the tables and the routes. What was captured is bridged
// from then on, so flows should have ended or be given up.
func (i *Interceptor) Withdraw() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.spec == nil {
		return nil
	}
	i.conn.DelTable(bridgeTable())
	i.conn.DelTable(inetTable())
	err := i.conn.Flush()
	if err != nil {
		err = fmt.Errorf("withdraw capture: %w", err)
	}
	err = errors.Join(err, i.forget())
	_, restored := setSysctls(i.before)
	err = errors.Join(err, i.routes.remove(*i.spec), restored)
	i.spec, i.before = nil, nil
	return err
}

// Close withdraws and closes the sockets.
func (i *Interceptor) Close() error {
	err := i.Withdraw()
	i.routes.close()
	return errors.Join(err, i.forget(), i.keeper.close(), i.conn.CloseLasting(), i.reader.CloseLasting())
}
