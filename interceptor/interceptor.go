package interceptor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

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

	mu     sync.Mutex
	conn   *nftables.Conn // lasting: the kernel drops the tables when it closes
	owner  *netlink.Conn  // its socket
	reader *nftables.Conn // for dumps, which a lasting socket in mid-batch must not mix with
	routes *routing
	spec   *Spec // what is installed; nil for nothing
	rules  ruleset
	before []sysctl // what Apply changed, as it was
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
	return &Interceptor{log: log, conn: conn, owner: owner, reader: reader, routes: routes}, nil
}

// OwnerFD is the descriptor of the socket that owns the tables. They stay as
// long as anybody holds a duplicate of it: whoever inherits one lets flows end
// in order after this process was killed. -1 if there is none.
func (i *Interceptor) OwnerFD() int {
	owner := -1
	raw, err := i.owner.SyscallConn()
	if err != nil {
		return owner
	}
	if err := raw.Control(func(fd uintptr) { owner = int(fd) }); err != nil {
		return -1
	}
	return owner
}

// Apply installs what s asks for, routes first, so that no packet is captured
// that could not be routed. An equal Spec only repairs routes. A changed one
// writes all rules anew in one batch; live flows stay captured unless the
// sets that hold them had to change, which is logged.
func (i *Interceptor) Apply(ctx context.Context, s Spec) error {
	s = s.DefaultTimeouts()
	rules, err := plan(s)
	if err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("install capture: %w", err)
	}
	before, err := setSysctls(sysctls())
	i.before = append(before, i.before...)
	if err != nil {
		return err
	}
	if err := i.routes.apply(s); err != nil {
		return err
	}
	if i.spec != nil && i.spec.equal(s) {
		return nil
	}
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
	_, restored := setSysctls(i.before)
	err = errors.Join(err, i.routes.remove(*i.spec), restored)
	i.spec, i.before = nil, nil
	return err
}

// Close withdraws and closes the sockets.
func (i *Interceptor) Close() error {
	err := i.Withdraw()
	i.routes.close()
	return errors.Join(err, i.conn.CloseLasting(), i.reader.CloseLasting())
}
