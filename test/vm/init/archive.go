package main

import (
	"archive/tar"
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"limpid/test/vm/channel"
)

// archive writes the files below dir to w as a tar archive; nothing at all when there are none.
func archive(w io.Writer, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("archive %s: %w", dir, err)
	}
	if len(entries) == 0 {
		return nil
	}
	// One frame for each full buffer, not for each block of 512 bytes.
	buffered := bufio.NewWriterSize(w, channel.MaxBody)
	tw := tar.NewWriter(buffered)
	if err := errors.Join(tw.AddFS(os.DirFS(dir)), tw.Close(), buffered.Flush()); err != nil {
		return fmt.Errorf("archive %s: %w", dir, err)
	}
	return nil
}
