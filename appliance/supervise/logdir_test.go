package supervise

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"limpid/appliance/child"
	"limpid/appliance/control"
)

func ownerOf(t *testing.T, path string) (uid, gid uint32, mode os.FileMode) {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		t.Fatal(info.Sys())
	}
	return stat.Uid, stat.Gid, info.Mode()
}

func TestLogDirectoryIsMadeForTheProxyOnly(t *testing.T) {
	parent := t.TempDir()
	path := filepath.Join(parent, "log")
	if err := makeLogDir(path, child.ProxyUser()); err != nil {
		t.Fatal(err)
	}
	if uid, gid, mode := ownerOf(t, path); uid != child.ProxyUser().UID || gid != child.ProxyUser().GID || mode != os.ModeDir|0o750 {
		t.Errorf("made %v of %d:%d", mode, uid, gid)
	}
	// What is there already is not given away, whatever it is.
	for name, make := range map[string]func(string) error{
		"directory": func(p string) error { return os.Mkdir(p, 0o700) },
		"file":      func(p string) error { return os.WriteFile(p, nil, 0o600) },
		"link":      func(p string) error { return os.Symlink("/", p) },
	} {
		path := filepath.Join(parent, name)
		if err := make(path); err != nil {
			t.Fatal(err)
		}
		if err := makeLogDir(path, child.ProxyUser()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if uid, _, _ := ownerOf(t, path); uid != 0 {
			t.Errorf("%s: was given to %d", name, uid)
		}
	}
	absent := filepath.Join(parent, "absent", "log")
	if err := makeLogDir(absent, child.ProxyUser()); err == nil || !strings.Contains(err.Error(), absent) {
		t.Errorf("without parent: %v", err)
	}
	if _, err := os.Stat(filepath.Dir(absent)); err == nil {
		t.Error("the parent was made")
	}
}

func TestLogIsAskedOfTheProxy(t *testing.T) {
	b := newBox(t)
	dir := filepath.Join(t.TempDir(), "log")
	b.configure(t, freePort(t), "[log]\npath = \""+dir+"\"\n")
	b.run(t)
	b.await(t, "inline", isInline)
	if uid, _, _ := ownerOf(t, dir); uid != child.ProxyUser().UID {
		t.Errorf("log directory belongs to %d", uid)
	}
	page, err := b.client.Log(t.Context(), control.LogQuery{Filter: map[string]string{"host": "a*"}, After: "run.1", Limit: 3})
	if err != nil || len(page.Records) != 1 || page.Records[0].Flow != 3 || page.Records[0].URL != "run.1a*" || page.Cursor != "run.9" || len(page.Problems) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
	if _, err := b.client.Log(t.Context(), control.LogQuery{Filter: map[string]string{"host": "bad"}, Limit: 3}); err == nil || err.Error() != "filter host: bad" {
		t.Errorf("a refused filter: %v", err)
	}
}

// A box without the directory's parent runs all the same.
func TestLogDirectoryMayBeImpossible(t *testing.T) {
	b := newBox(t)
	b.configure(t, freePort(t), "[log]\npath = \"/proc/absent/log\"\n")
	b.run(t)
	s := b.await(t, "inline", isInline)
	if len(s.Problems) != 0 {
		t.Errorf("problems: %q", s.Problems)
	}
	if n := strings.Count(b.log.String(), "the access log stays in memory"); n != 1 {
		t.Errorf("%d warnings:\n%s", n, b.log)
	}
}
