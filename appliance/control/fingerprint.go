package control

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// Fingerprint is Page.Fingerprint of a certificate in DER.
func Fingerprint(certificate []byte) string {
	return strings.ReplaceAll(fmt.Sprintf("% X", sha256.Sum256(certificate)), " ", ":")
}
