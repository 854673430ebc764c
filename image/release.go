package main

import (
	"fmt"
	"strings"
)

// board is the kind of box that the image is for, as an update bundle names it.
const board = "x86_64"

// release gives os-release(5): in the slot, so that its version can be read without booting it, and in the root file
// system. BUILD_ID is the time of its files, in seconds since 1970: no clock of a box that runs it should show less.
func release(o options) string {
	version := strings.Map(func(r rune) rune {
		if strings.ContainsRune("\"'$`\\\n", r) {
			return '_'
		}
		return r
	}, o.version)
	var b strings.Builder
	fmt.Fprintf(&b, "NAME=limpid\nID=limpid\nPRETTY_NAME=\"limpid %s\"\n", version)
	fmt.Fprintf(&b, "IMAGE_ID=limpid-%s\nIMAGE_VERSION=\"%s\"\nVARIANT_ID=%s\nBUILD_ID=%d\n", board, version, o.profile, o.time.Unix())
	return b.String()
}
