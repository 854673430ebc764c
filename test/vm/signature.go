package vm

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
)

// A signed module ends in its signature, a struct module_signature and this magic string
// (include/linux/module_signature.h, Linux 6.12).
const (
	signatureMagic  = "~Module signature appended~\n"
	signatureStruct = 12 // bytes; the last four are the signature's length, big-endian
)

// unsigned gives a module without its signature. To check one takes an emulated processor 30 ms of the 35 ms that
// loading takes, and apt has checked the whole package already.
func unsigned(module []byte) ([]byte, error) {
	body, ok := bytes.CutSuffix(module, []byte(signatureMagic))
	if !ok {
		return module, nil
	}
	if len(body) < signatureStruct {
		return nil, fmt.Errorf("read module signature: only %d bytes before its end", len(body))
	}
	size := int64(binary.BigEndian.Uint32(body[len(body)-4:]))
	rest := int64(len(body)) - signatureStruct - size
	if rest < 0 {
		return nil, fmt.Errorf("read module signature: %d bytes do not fit in %d", size, len(body))
	}
	return body[:rest], nil
}

// unsignFile takes the signature off the module at path.
func unsignFile(path string) error {
	module, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	bare, err := unsigned(module)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, bare, 0o644)
}
