package bridge

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// procSys shows the sysctls of the network namespace of the thread that opens it.
const procSys = "/proc/sys"

// readSysctls reads the files that exist. A file that cannot be read counts as
// missing; writing it will tell why.
func readSysctls(keys []string) map[string]string {
	values := make(map[string]string, len(keys))
	for _, key := range keys {
		b, err := os.ReadFile(filepath.Join(procSys, key))
		if err != nil {
			continue
		}
		values[key] = strings.TrimSpace(string(b))
	}
	return values
}

// writeSysctl writes a value and reads it back. A file that does not exist is no
// error: the kernel lacks the feature, so there is nothing to turn off.
func writeSysctl(key, value string) error {
	path := filepath.Join(procSys, key)
	// Without O_CREATE: procfs would refuse it with a misleading error.
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := f.WriteString(value); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if got := strings.TrimSpace(string(b)); got != value {
		return fmt.Errorf("read %s back: it is %s", path, got)
	}
	return nil
}
