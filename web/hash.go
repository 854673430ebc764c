package web

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost of argon2id (RFC 9106): what OWASP's Password Storage Cheat Sheet asks for at
// least. A small box has little memory, and nobody has the hashes but root.
const (
	hashMemory = 19 << 10 // KiB
	hashTime   = 2
	hashLanes  = 1
	hashSalt   = 16 // bytes
	hashKey    = 32 // bytes
)

// waiting is how many may wait for the one who hashes.
const waiting = 8

// errBusy says that too many log in at once.
var errBusy = errors.New("too many are logging in at this moment: try again")

// hasher hashes one password at a time: each takes memory and a processor.
type hasher struct{ turn, queue chan struct{} }

func newHasher() hasher {
	return hasher{make(chan struct{}, 1), make(chan struct{}, waiting)}
}

// await gives a turn, to be ended with done.
func (h hasher) await(ctx context.Context) (done func(), err error) {
	select {
	case h.queue <- struct{}{}:
	default:
		return nil, errBusy
	}
	select {
	case h.turn <- struct{}{}:
		return func() { <-h.turn; <-h.queue }, nil
	case <-ctx.Done():
		<-h.queue
		return nil, errBusy
	}
}

// hash makes what is kept of a password, in the form of the reference
// implementation: $argon2id$v=19$m=19456,t=2,p=1$salt$key.
func (h hasher) hash(ctx context.Context, password string) (string, error) {
	done, err := h.await(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	salt := make([]byte, hashSalt)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	key := argon2.IDKey([]byte(password), salt, hashTime, hashMemory, hashLanes, hashKey)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashTime, hashLanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

// check says whether the password is the one that the hash was made of.
func (h hasher) check(ctx context.Context, hash, password string) (bool, error) {
	salt, key, err := parseHash(hash)
	if err != nil {
		return false, err
	}
	done, err := h.await(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	got := argon2.IDKey([]byte(password), salt, hashTime, hashMemory, hashLanes, hashKey)
	return subtle.ConstantTimeCompare(got, key) == 1, nil
}

// errHash says that what is kept is not ours.
var errHash = errors.New("what is kept of the password cannot be read: reset it on the console of the box")

// parseHash reads what hash has made. Other costs are refused: they could take all
// memory there is.
func parseHash(text string) (salt, key []byte, err error) {
	head := fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, hashMemory, hashTime, hashLanes)
	rest, ok := strings.CutPrefix(text, head)
	saltText, keyText, found := strings.Cut(rest, "$")
	if !ok || !found {
		return nil, nil, errHash
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(saltText)
	key, keyErr := base64.RawStdEncoding.DecodeString(keyText)
	if saltErr != nil || keyErr != nil || len(salt) != hashSalt || len(key) != hashKey {
		return nil, nil, errHash
	}
	return salt, key, nil
}
