package debian

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// command runs a program in dir and gives its output; its error holds the last line the program complained in.
func command(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	// Output is parsed: ask for it in the language it is parsed in.
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		said := strings.TrimSpace(complaint.String())
		return nil, fmt.Errorf("run %s: %w: %s", name, err, said[strings.LastIndex(said, "\n")+1:])
	}
	return out, nil
}
