package update

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"limpid/appliance/control"
)

const (
	// pageTimeout bounds one visit: a login beside it takes the processor for a second.
	pageTimeout = 5 * time.Second
	// maxPage is how much of the page is read, in bytes.
	maxPage = 1 << 20
	// plainPort only redirects, which says nothing of the page.
	plainPort = 80
)

// visitPage wants the page from one of the addresses where it listens. Where the box
// has none of them now, as without a lease, nobody can ask, and nothing is said.
func visitPage(ctx context.Context, page control.Page) error {
	var errs []error
	for _, address := range page.Listen {
		if !visitable(address) {
			continue
		}
		err := visit(ctx, address, page.Fingerprint)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// visitable says whether HTTPS is spoken there, on an address of the box's own: by any
// other, somebody else might answer.
func visitable(address string) bool {
	if strings.HasPrefix(address, ":") {
		address = "[::]" + address
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil || at.Port() == plainPort {
		return false
	}
	own, _ := net.InterfaceAddrs() // without them only what listens everywhere is asked
	return at.Addr().IsUnspecified() || slices.ContainsFunc(own, func(a net.Addr) bool {
		prefix, err := netip.ParsePrefix(a.String())
		return err == nil && prefix.Addr() == at.Addr().Unmap().WithZone("")
	})
}

// visit gets the first page, as a browser on the box would.
func visit(ctx context.Context, address, fingerprint string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, pageTimeout, errors.New("no answer in time"))
	defer cancel()
	client := &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true, // each visit begins where a visitor's does
			TLSClientConfig:   known(fingerprint),
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, address)
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://limpid/", nil)
	if err != nil {
		return fmt.Errorf("visit %s: %w", address, err)
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("visit %s: %w", address, err)
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, maxPage))
	if err == nil {
		err = context.Cause(ctx) // where the answer ended only with the time for it
	}
	if err != nil {
		return fmt.Errorf("visit %s: %w", address, err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("visit %s: %s", address, response.Status)
	}
	return nil
}

// known takes the certificate of this fingerprint and no other: nobody vouches for one
// that the box has made itself, but it is the one that the owner is shown.
func known(fingerprint string) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // VerifyConnection does it
		VerifyConnection: func(s tls.ConnectionState) error {
			got := control.Fingerprint(s.PeerCertificates[0].Raw)
			if got != fingerprint {
				return fmt.Errorf("verify certificate: its fingerprint is %s, want %s", got, fingerprint)
			}
			return nil
		},
	}
}
