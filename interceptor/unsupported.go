package interceptor

import "fmt"

// UnsupportedError says what this kernel lacks.
type UnsupportedError struct {
	Feature   string // what limpid wanted to do
	MinKernel string // first Linux version that can
	Kconfig   string // option that must be on
	Err       error
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s: this kernel cannot (%v): needs Linux %s or later with %s", e.Feature, e.Err, e.MinKernel, e.Kconfig)
}

func (e *UnsupportedError) Unwrap() error { return e.Err }
