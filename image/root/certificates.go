package root

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"limpid/image/cpio"
)

// addCertificates adds Mozilla's root certificates, as the package has them: never the building machine's own list, to
// which anybody may have added some.
func addCertificates(tree *cpio.Tree, from sources) error {
	var files []string
	for _, dir := range from {
		found, err := filepath.Glob(filepath.Join(dir, "usr/share/ca-certificates/mozilla/*.crt"))
		if err != nil {
			return fmt.Errorf("list certificates: %w", err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		return fmt.Errorf("list certificates: package ca-certificates has none in usr/share/ca-certificates/mozilla")
	}
	slices.SortFunc(files, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	var all bytes.Buffer
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read certificate: %w", err)
		}
		all.Write(bytes.TrimSpace(b))
		all.WriteByte('\n')
	}
	return tree.File("/etc/ssl/certs/ca-certificates.crt", all.Bytes(), 0o644)
}
