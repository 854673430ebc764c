package firmware

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"limpid/test/qemu"
)

// Rescue is the rescue shell of a box, which a person opens by key s of the status screen. Unlike Shell it is in what is
// flashed. Its methods may be called by several goroutines; commands run one after the other.
type Rescue struct {
	box *qemu.Process

	mu sync.Mutex
	n  int
}

// rescuePrompt is the shell's; Open looks for it, and nothing else on the status screen looks like it.
const rescuePrompt = "limpid# "

// OpenRescue presses key s on the box's serial line, which must show the status screen.
func (m *Machine) OpenRescue(ctx context.Context) (*Rescue, error) {
	mark := m.Mark()
	if err := m.Type("s"); err != nil {
		return nil, err
	}
	if _, err := m.ExpectSince(ctx, mark, rescuePrompt); err != nil {
		return nil, fmt.Errorf("open the rescue shell: %w", err)
	}
	return &Rescue{box: m.Process}, nil
}

// Run types a command and gives what it has printed. A status other than 0 is a *Failure.
func (r *Rescue) Run(ctx context.Context, command string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n++
	mark := r.box.Mark()
	// The marks are put together by the shell, so that its echo of the line does not hold them.
	if err := r.box.Type(fmt.Sprintf("echo beg''un%d; %s; s=$?; echo; echo end''ed%d $s\n", r.n, command, r.n)); err != nil {
		return "", err
	}
	begun, ended := fmt.Sprintf("begun%d\n", r.n), fmt.Sprintf("\nended%d ", r.n)
	// The line break behind the status says that this was all of it.
	said, err := r.box.ExpectMatch(ctx, mark, regexp.MustCompile(ended+`\d+\n`))
	if err != nil {
		return "", fmt.Errorf("run %q in the rescue shell: %w", command, err)
	}
	_, said, _ = strings.Cut(said, begun)
	// The line break before the mark is not the command's.
	output, rest, _ := strings.Cut(said, ended)
	word, _, _ := strings.Cut(rest, "\n")
	status, err := strconv.Atoi(strings.TrimSpace(word))
	if err != nil {
		return output, fmt.Errorf("run %q in the rescue shell: it ended with %q", command, word)
	}
	if status != 0 {
		return output, &Failure{command, output, status}
	}
	return output, nil
}

// Close ends the shell: the status screen comes back.
func (r *Rescue) Close(ctx context.Context) error {
	mark := r.box.Mark()
	if err := r.box.Type("exit\n"); err != nil {
		return err
	}
	_, err := r.box.ExpectSince(ctx, mark, "s shell")
	return err
}
