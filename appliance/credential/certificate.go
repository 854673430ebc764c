package credential

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"

	"limpid/appliance/control"
)

// validity is how long a certificate is good for. People look at its fingerprint
// once; a new one is a new warning in every browser.
const validity = 10 * 365 * 24 * time.Hour

// serialBits is the size of serial numbers (RFC 5280, 4.1.2.2: at most 20 bytes).
const serialBits = 127

// Names are those that a certificate is for. Addresses are left out: they change,
// and the fingerprint, which people know it by, would change with them.
func Names() []string { return []string{"limpid", "limpid.local", "localhost"} }

// notBefore lies before the clock of a box without battery, and before July 2019,
// from when on Apple's systems refuse certificates that are good for years.
func notBefore() time.Time { return time.Date(2019, time.June, 1, 0, 0, 0, 0, time.UTC) }

// oldest is the least time that a box may take for now: one whose clock was not set
// yet must not make a certificate that has expired when it is.
func oldest() time.Time { return time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC) }

// Certificate is a certificate with its private key.
type Certificate struct {
	Chain string `json:"chain"` // PEM
	Key   string `json:"key"`   // PEM
	// Fingerprint is the SHA-256 of the certificate, in pairs of digits as browsers show it.
	Fingerprint string    `json:"-"`
	Until       time.Time `json:"-"`
}

// Certificate gives the page's certificate. One that is broken or has expired is
// replaced. One that cannot be kept is given along with the error.
func (s *Store) Certificate(now time.Time) (Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, err := s.read(certificateName)
	if err != nil {
		kept = s.memory[certificateName]
	}
	if c, parseErr := parse(kept, now); parseErr == nil {
		return c, err
	}
	made, makeErr := generate(now)
	if makeErr != nil {
		return Certificate{}, errors.Join(err, makeErr)
	}
	c, parseErr := parse(made, now)
	if parseErr != nil {
		return Certificate{}, errors.Join(err, parseErr)
	}
	if err := s.write(certificateName, made); err != nil {
		s.memory[certificateName] = made
		return c, fmt.Errorf("keep certificate: %w: it changes with the next start", err)
	}
	return c, err
}

// parse reads certificate and key, and refuses those that browsers would.
func parse(text []byte, now time.Time) (Certificate, error) {
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return Certificate{}, fmt.Errorf("read certificate: %w", err)
	}
	if !now.Before(pair.Leaf.NotAfter) {
		return Certificate{}, fmt.Errorf("read certificate: it has expired on %s", pair.Leaf.NotAfter.Format(time.DateOnly))
	}
	var c Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			c.Chain += string(pem.EncodeToMemory(block))
		} else {
			c.Key += string(pem.EncodeToMemory(block))
		}
	}
	c.Fingerprint, c.Until = control.Fingerprint(pair.Leaf.Raw), pair.Leaf.NotAfter
	return c, nil
}

// generate makes a certificate that vouches for itself, and its key, as PEM.
func generate(now time.Time) ([]byte, error) {
	if now.Before(oldest()) {
		now = oldest()
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), serialBits))
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "limpid"}, DNSNames: Names(),
		NotBefore: notBefore(), NotAfter: now.Add(validity),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, // and no authority: whoever trusts it trusts this page alone
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...), nil
}
