package clients

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// gitCommand runs git without anybody's configuration; dates and names are
// fixed, so that the same commits get the same names.
func gitCommand(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), gitEnvironment()...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run git %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

func gitEnvironment() []string {
	env := []string{"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null"}
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		env = append(env, "GIT_"+who+"_NAME=wire", "GIT_"+who+"_EMAIL=wire@lab", "GIT_"+who+"_DATE=2024-01-02T03:04:05Z")
	}
	return env
}

// writeGit makes a bare repository of a few commits that can be had dumb.
func (f *files) writeGit(ctx context.Context) error {
	work, err := os.MkdirTemp("", "git-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := gitCommand(ctx, work, "init", "-q", "-b", "main"); err != nil {
		return err
	}
	for i := range 5 {
		for j := range 6 {
			name := filepath.Join(work, fmt.Sprintf("file%d-%d", i, j))
			if err := os.WriteFile(name, content(2000*(j+1)+i), 0o644); err != nil {
				return err
			}
		}
		if err := gitCommand(ctx, work, "add", "."); err != nil {
			return err
		}
		if err := gitCommand(ctx, work, "commit", "-q", "-m", fmt.Sprintf("commit %d", i)); err != nil {
			return err
		}
	}
	bare := f.path("git", "plain.git")
	for _, args := range [][]string{
		{"clone", "-q", "--bare", work, bare},
		{"-C", bare, "config", "http.receivepack", "true"},
		{"-C", bare, "config", "pack.threads", "1"},
		{"-C", bare, "repack", "-q", "-a", "-d"},
		{"-C", bare, "update-server-info"},
	} {
		if err := gitCommand(ctx, "/", args...); err != nil {
			return err
		}
	}
	return nil
}

// copyGit gives this world a copy to push to, owned by who Apache runs as.
func (w *world) copyGit(context.Context) error {
	if err := os.CopyFS(w.path("git", "repo.git"), os.DirFS(w.files.path("git", "plain.git"))); err != nil {
		return fmt.Errorf("copy repository: %w", err)
	}
	return filepath.WalkDir(w.path("git"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, w.nobody, w.nobody)
	})
}

// gitScenarios: what a smart server answers has its progress in it, so only the
// requests are compared, and what git made of the answers.
func gitScenarios() []scenario {
	smart, dumb := "http://"+apache+"/git/repo.git", "http://"+nginx+"/git/plain.git"
	git := func(r *run, args ...string) {
		r.client("git", append([]string{"-c", "pack.threads=1"}, args...)...)
	}
	// What is cloned is compared by its commit and files; .git has inode numbers.
	check := func(r *run) {
		git(r, "-C", "clone", "log", "--format=%H %s")
		git(r, "-C", "clone", "fsck", "--no-progress")
		r.drop("clone/.git")
	}
	clone := func(name string, args ...string) scenario {
		return scenario{name: name, compare: requests, do: func(r *run) {
			git(r, append(append([]string{}, args...), "clone")...)
			check(r)
			r.expect("commit 4")
		}}
	}
	change := func(r *run, name string, size int) {
		git(r, "clone", "-q", smart, "clone")
		r.put("clone/"+name, content(size))
		git(r, "-C", "clone", "add", ".")
		git(r, "-C", "clone", "commit", "-q", "-m", "add "+name)
	}
	return []scenario{
		clone("clone", "clone", "-q", smart),
		clone("clone, shallow", "clone", "-q", "--depth", "1", smart),
		clone("clone, protocol 0", "-c", "protocol.version=0", "clone", "-q", smart),
		clone("clone, dumb", "clone", "-q", dumb),
		// Apache gives a length or chunks, as git's pace has it.
		{name: "list", compare: requests, do: func(r *run) { git(r, "ls-remote", smart) }},
		{name: "list, dumb", compare: messages, do: func(r *run) { git(r, "ls-remote", dumb) }},
		{name: "push", compare: requests, do: func(r *run) {
			change(r, "small", 3000)
			git(r, "-C", "clone", "push", "-q", "origin", "main")
			check(r)
		}},
		// More than http.postBuffer: in chunks, after a probe.
		{name: "push, large", compare: requests, do: func(r *run) {
			change(r, "large", 3_000_000)
			git(r, "-C", "clone", "push", "-q", "origin", "main")
			check(r)
		}},
		{name: "fetch", compare: requests, do: func(r *run) {
			git(r, "clone", "-q", "--depth", "2", smart, "clone")
			git(r, "-C", "clone", "fetch", "-q", "--unshallow")
			check(r)
		}},
		{name: "push refused", compare: requests, do: func(r *run) {
			change(r, "refused", 100)
			git(r, "-C", "clone", "push", "-q", dumb, "main")
			r.expect("exit 1")
			check(r)
		}},
	}
}
