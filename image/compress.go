package main

import (
	"bytes"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// compress packs a root file system with zstd: xz would make it a fifth smaller, and take the box ten times as long to
// unpack while the wire is dark. Any kernel with CONFIG_RD_ZSTD reads it.
func compress(archive []byte) ([]byte, error) {
	var out bytes.Buffer
	// One thread: where blocks are cut must not depend on how many processors there are.
	w, err := zstd.NewWriter(&out, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(windowSize))
	if err != nil {
		return nil, fmt.Errorf("compress root file system: %w", err)
	}
	if _, err := w.Write(archive); err != nil {
		return nil, fmt.Errorf("compress root file system: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress root file system: %w", err)
	}
	return out.Bytes(), nil
}

// windowSize is how far back the compressor looks, in bytes; the kernel gives as much memory to unpacking, and takes up to
// 128 MiB (lib/decompress_unzstd.c, Linux 6.12).
const windowSize = 32 << 20
