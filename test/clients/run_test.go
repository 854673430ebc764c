package clients

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"limpid/test/lab"
)

// clientTime is how long one scenario may take.
const clientTime = time.Minute

// run is a scenario under way in one world.
type run struct {
	world *world
	ctx   context.Context
	dir   string // working directory of the clients, empty at first
	said  bytes.Buffer
	err   error
}

// outcome is all that came of it.
type outcome struct {
	said  string            // commands, exit codes, what they printed
	files map[string]string // what they left, digests by name
	lan   []*lab.Conversation
	wan   []*lab.Conversation // nil for the bare bridge
	err   error
}

// play runs a scenario in one world.
func (s *scenario) play(ctx context.Context, w *world) *outcome {
	o := &outcome{}
	dir, err := os.MkdirTemp(w.lab.Dir(), "run-")
	if err != nil {
		o.err = err
		return o
	}
	defer os.RemoveAll(dir)
	watch, err := startWatch(w)
	if err != nil {
		o.err = err
		return o
	}
	r := &run{world: w, ctx: ctx, dir: dir}
	s.do(r)
	o.err = r.err
	o.lan, o.wan, err = watch.stop(ctx)
	o.err = errors.Join(o.err, err)
	o.said = strings.ReplaceAll(strings.ReplaceAll(r.said.String(), dir, "DIR"), w.lab.Dir(), "LAB")
	o.files, err = digests(dir)
	o.err = errors.Join(o.err, err)
	return o
}

// client runs a program in c1 and notes what it said and how it ended.
func (r *run) client(name string, args ...string) {
	if r.err != nil {
		return
	}
	cmd := r.world.lab.C1.Command(r.ctx, name, args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "HOME="+r.dir, "LC_ALL=C", "TZ=UTC", "NODE_PATH=/usr/share/nodejs", "PYTHONDONTWRITEBYTECODE=1",
		"GIT_TERMINAL_PROMPT=0", "NO_PROXY=*", "no_proxy=*")
	cmd.Env = append(cmd.Env, gitEnvironment()...)
	out, err := cmd.CombinedOutput()
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && r.ctx.Err() == nil {
		code = exit.ExitCode()
	} else if err != nil {
		r.err = fmt.Errorf("run %s: %w\n%s", name, errors.Join(err, context.Cause(r.ctx)), out)
		return
	}
	fmt.Fprintf(&r.said, "$ %s %s\nexit %d\n%s\n", name, strings.Join(args, " "), code, out)
}

// curl is the client most used: silent but for errors.
func (r *run) curl(args ...string) { r.client("curl", append([]string{"-sS"}, args...)...) }

// expect fails the run when what it said lacks text: the case would otherwise
// pass with the same error twice.
func (r *run) expect(text string) {
	if r.err == nil && !strings.Contains(r.said.String(), text) {
		r.err = fmt.Errorf("%q was expected in what the clients printed", text)
	}
}

// fail gives up the run.
func (r *run) fail(err error) { r.err = errors.Join(r.err, err) }

// put leaves a file for the clients.
func (r *run) put(name string, content []byte) {
	r.fail(os.WriteFile(filepath.Join(r.dir, name), content, 0o644))
}

// same fails the run unless a file is that.
func (r *run) same(name string, want []byte) {
	if got, err := os.ReadFile(filepath.Join(r.dir, name)); err != nil || !bytes.Equal(got, want) {
		r.fail(fmt.Errorf("%s is not the %d bytes it should be: %d, %w", name, len(want), len(got), errors.Join(err, errors.New("they differ"))))
	}
}

// drop removes what is not to be compared.
func (r *run) drop(names ...string) {
	for _, name := range names {
		r.fail(os.RemoveAll(filepath.Join(r.dir, name)))
	}
}

// digests lists the files below dir.
func digests(dir string) (map[string]string, error) {
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		all[name] = fmt.Sprintf("%d bytes, %x", len(content), sha256.Sum256(content))
		return err
	})
	return all, err
}
