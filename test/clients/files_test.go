package clients

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"limpid/test/lab"
)

// files is what the servers of both worlds serve: the same files, so that inode
// numbers in entity tags are the same too.
type files struct{ dir string }

// bodies are the files of pseudo-random bytes.
func bodies() map[string]int64 {
	return map[string]int64{
		"1k.bin": 1000, "100k.bin": 100_000, "1m.bin": 1 << 20, "big.bin": 8 << 20, "empty.bin": 0, "name with space.bin": 77,
	}
}

// newFiles writes them where servers that are not root can read them.
func newFiles(t *testing.T) *files {
	t.Helper()
	dir, err := os.MkdirTemp("", "limpid-clients-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	must(t, os.Chmod(dir, 0o755))
	f := &files{dir: dir}
	for name, size := range bodies() {
		content, err := io.ReadAll(lab.Content(size).Reader())
		must(t, err)
		must(t, f.write(name, content))
	}
	text := strings.Repeat("What a server says, a client hears.\n", 2000)
	must(t, errors.Join(
		f.write("text.txt", []byte(text)),
		f.write("index.html", []byte("<!DOCTYPE html><title>index</title>\n")),
		f.writeSite("site"),
		f.writePage("page"),
	))
	git := make(chan error)
	go func() { git <- f.writeGit(t.Context()) }()
	repository := f.writeRepository(t.Context())
	must(t, errors.Join(<-git, repository))
	must(t, f.age())
	return f
}

func (f *files) path(parts ...string) string {
	return filepath.Join(append([]string{f.dir}, parts...)...)
}

func (f *files) write(name string, content []byte) error {
	path := f.path(name)
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content, 0o644))
}

// age gives every file the same old date: what is young has weak tags.
func (f *files) age() error {
	old := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	return filepath.WalkDir(f.dir, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Chtimes(path, old, old))
	})
}

// writeSite makes pages that link to each other, for clients that follow.
func (f *files) writeSite(dir string) error {
	var err error
	page := func(name string, links ...string) {
		var b strings.Builder
		fmt.Fprintf(&b, "<!DOCTYPE html><title>%s</title>\n<link rel=stylesheet href=/site/style.css>\n", name)
		for _, link := range links {
			fmt.Fprintf(&b, "<p><a href=%q>%s</a>\n", link, link)
		}
		for i := range 4 {
			fmt.Fprintf(&b, "<img src=/site/images/%d.png>\n", i)
		}
		err = errors.Join(err, f.write(filepath.Join(dir, name), []byte(b.String())))
	}
	page("index.html", "a.html", "b.html?x=1", "deep/c.html", "gone.html", "text.txt")
	page("a.html", "index.html", "b.html")
	page("b.html", "a.html")
	page("deep/c.html", "../a.html", "d/e.html")
	page("deep/d/e.html", "/site/index.html")
	err = errors.Join(err, f.write(filepath.Join(dir, "style.css"), []byte("p { margin: 0 }\n")), f.write(filepath.Join(dir, "text.txt"), []byte("text\n")))
	for i := range 4 {
		content, read := io.ReadAll(lab.Content(5000 + i).Reader())
		err = errors.Join(err, read, f.write(filepath.Join(dir, "images", fmt.Sprintf("%d.png", i)), content))
	}
	return err
}
