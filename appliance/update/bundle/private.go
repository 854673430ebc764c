package bundle

import (
	"crypto/rand"
	"fmt"

	"aead.dev/minisign"
)

// NewKey makes a pair of keys, as files of minisign's. With an empty password
// the private key is stored as it is. Encrypting takes 1 GiB of memory and some
// seconds, as minisign does it.
func NewKey(password string) (public, private []byte, err error) {
	publicKey, key, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make key: %w", err)
	}
	if public, err = publicKey.MarshalText(); err != nil {
		return nil, nil, fmt.Errorf("make key: %w", err)
	}
	if password == "" {
		private, err = key.MarshalText()
	} else {
		private, err = minisign.EncryptKey(password, key)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("make key: %w", err)
	}
	return append(public, '\n'), append(private, '\n'), nil
}

// ReadKey reads a private key as minisign writes it. password is asked only if
// the key is encrypted.
func ReadKey(text []byte, password func() (string, error)) (minisign.PrivateKey, error) {
	if minisign.IsEncrypted(text) {
		word, err := password()
		if err != nil {
			return minisign.PrivateKey{}, err
		}
		key, err := minisign.DecryptKey(word, text)
		if err != nil {
			return minisign.PrivateKey{}, fmt.Errorf("read private key: wrong password, or the file is damaged: %w", err)
		}
		return key, nil
	}
	var key minisign.PrivateKey
	if err := key.UnmarshalText(text); err != nil {
		return minisign.PrivateKey{}, fmt.Errorf("read private key: %w", err)
	}
	return key, nil
}
