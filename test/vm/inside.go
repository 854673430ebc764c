package vm

import "os"

// insideEnv is set to "1" for the program in the guest.
const insideEnv = "LIMPID_VM"

// Inside reports whether the calling process runs in a machine of this package.
func Inside() bool {
	return os.Getenv(insideEnv) == "1"
}
