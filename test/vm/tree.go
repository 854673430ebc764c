package vm

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// tree is the file system of the guest before it is written: guest path to node. Paths are absolute and clean.
type tree struct {
	nodes     map[string]node
	libraries *libraries
}

// node is one file. Data comes from host when that is set, else from data.
type node struct {
	mode         uint32
	data         []byte
	host         string
	major, minor uint32
}

// maxLinks bounds the symbolic links followed for one path, as the kernel does (MAXSYMLINKS).
const maxLinks = 40

// newTree gives an empty tree; libs is what its programs find their libraries with.
func newTree(libs *libraries) *tree {
	return &tree{nodes: map[string]node{}, libraries: libs}
}

// dir makes sure of a directory and its parents; perm is set on the last one when it is new.
func (t *tree) dir(path string, perm uint32) (string, error) {
	path, err := t.place(path, maxLinks)
	if err != nil {
		return "", err
	}
	if n, ok := t.nodes[path]; ok {
		if n.mode&unix.S_IFMT != unix.S_IFDIR {
			return "", fmt.Errorf("pack directory %s: it is a file already", path)
		}
		return path, nil
	}
	t.nodes[path] = node{mode: unix.S_IFDIR | perm}
	return path, nil
}

// file adds a file with the given contents.
func (t *tree) file(path string, data []byte, perm uint32) error {
	return t.put(path, node{mode: unix.S_IFREG | perm, data: data})
}

// symlink adds a symbolic link to target.
func (t *tree) symlink(path, target string) error {
	return t.put(path, node{mode: unix.S_IFLNK | 0o777, data: []byte(target)})
}

// device adds a character device.
func (t *tree) device(path string, perm, major, minor uint32) error {
	return t.put(path, node{mode: unix.S_IFCHR | perm, major: major, minor: minor})
}

// put sets a node at the place that path leads to. What was there is replaced.
func (t *tree) put(path string, n node) error {
	dir, err := t.dir(filepath.Dir(path), 0o755)
	if err != nil {
		return err
	}
	t.nodes[filepath.Join(dir, filepath.Base(path))] = n
	return nil
}

// place makes the parents of path and returns where path really lies, following the links already in the tree
// (on Debian /bin, /sbin and /lib are links into /usr).
func (t *tree) place(path string, links int) (string, error) {
	path = filepath.Clean(path)
	if path == "/" {
		return path, nil
	}
	dir, err := t.place(filepath.Dir(path), links)
	if err != nil {
		return "", err
	}
	if dir != "/" {
		parent, ok := t.nodes[dir]
		if !ok {
			t.nodes[dir] = node{mode: unix.S_IFDIR | 0o755}
		} else if parent.mode&unix.S_IFMT != unix.S_IFDIR {
			return "", fmt.Errorf("pack %s: %s is a file, not a directory", path, dir)
		}
	}
	path = filepath.Join(dir, filepath.Base(path))
	n, ok := t.nodes[path]
	if !ok || n.mode&unix.S_IFMT != unix.S_IFLNK {
		return path, nil
	}
	if links == 0 {
		return "", fmt.Errorf("pack %s: too many symbolic links", path)
	}
	return t.place(follow(path, string(n.data)), links-1)
}

// follow gives the path that a link at path with this target leads to.
func follow(path, target string) string {
	if filepath.IsAbs(target) {
		return target
	}
	return filepath.Join(filepath.Dir(path), target)
}

// mirror adds the host's path under the same name, link for link, so that a program finds everything where it lies on
// the host. Directories are added whole.
func (t *tree) mirror(path string) error {
	return t.mirrorLinks(filepath.Clean(path), maxLinks)
}

// mirrorLinks is mirror with the number of links that may still be followed.
func (t *tree) mirrorLinks(path string, links int) error {
	// Walk down from the root: at the first link, add it and start again with the path it leads to.
	walked := "/"
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, part := range parts {
		walked = filepath.Join(walked, part)
		info, err := os.Lstat(walked)
		if err != nil {
			return fmt.Errorf("pack %s: %w", path, err)
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			continue
		}
		if links == 0 {
			return fmt.Errorf("pack %s: too many symbolic links", path)
		}
		target, err := os.Readlink(walked)
		if err != nil {
			return fmt.Errorf("pack %s: %w", path, err)
		}
		if err := t.symlink(walked, target); err != nil {
			return err
		}
		rest := filepath.Join(append([]string{follow(walked, target)}, parts[i+1:]...)...)
		return t.mirrorLinks(rest, links-1)
	}
	return t.copyFrom(path, path)
}

// copyFrom adds the host's file or directory src as guest path dst. Programs bring the libraries and interpreters they
// need; anything that is no file, directory or link is refused.
func (t *tree) copyFrom(dst, src string) error {
	info, err := os.Stat(src)
	if err != nil {
		return fmt.Errorf("pack %s: %w", dst, err)
	}
	switch {
	case info.IsDir():
		return t.copyDir(dst, src, info)
	case !info.Mode().IsRegular():
		return fmt.Errorf("pack %s: %s is neither a file nor a directory", dst, src)
	case info.Size() > math.MaxUint32:
		return fmt.Errorf("pack %s: %s is larger than 4 GiB", dst, src)
	}
	// Libraries are asked for again and again, some by each other in a circle.
	if old, ok := t.nodes[dst]; ok && old.host == src {
		return nil
	}
	if err := t.put(dst, node{mode: unix.S_IFREG | uint32(info.Mode().Perm()), host: src}); err != nil {
		return err
	}
	needs, err := t.libraries.needs(src)
	if err != nil {
		return fmt.Errorf("pack %s: %w", dst, err)
	}
	for _, need := range needs {
		if err := t.mirror(need); err != nil {
			return err
		}
	}
	return nil
}

// copyDir adds a folder and all below it. Links are kept as they are, wherever they lead.
func (t *tree) copyDir(dst, src string, info fs.FileInfo) error {
	if _, err := t.dir(dst, uint32(info.Mode().Perm())); err != nil {
		return err
	}
	entries, err := os.ReadDir(src)
	if err != nil {
		return fmt.Errorf("pack %s: %w", dst, err)
	}
	for _, e := range entries {
		from, to := filepath.Join(src, e.Name()), filepath.Join(dst, e.Name())
		if e.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(from)
			if err == nil {
				err = t.symlink(to, target)
			}
			if err != nil {
				return fmt.Errorf("pack %s: %w", to, err)
			}
			continue
		}
		if err := t.copyFrom(to, from); err != nil {
			return err
		}
	}
	return nil
}

// writeTo writes the tree as a cpio archive, parents before what they hold.
func (t *tree) writeTo(w io.Writer) error {
	buffered := bufio.NewWriterSize(w, 1<<20)
	c := &cpioWriter{w: buffered}
	// In sorted order a folder comes before its contents, as the kernel's unpacking needs it.
	for _, path := range slices.Sorted(maps.Keys(t.nodes)) {
		if err := t.nodes[path].writeTo(c, strings.TrimPrefix(path, "/")); err != nil {
			return fmt.Errorf("pack %s: %w", path, err)
		}
	}
	return errors.Join(c.close(), buffered.Flush())
}

// writeTo writes one node under the given name.
func (n node) writeTo(c *cpioWriter, name string) error {
	h := cpioHeader{name: name, mode: n.mode, major: n.major, minor: n.minor}
	if n.host == "" {
		h.size = uint32(len(n.data))
		if err := c.next(h); err != nil {
			return err
		}
		return c.data(strings.NewReader(string(n.data)), int64(h.size))
	}
	f, err := os.Open(n.host)
	if err != nil {
		return err
	}
	defer f.Close()
	// The size is that of the open file: the path may have been replaced since it was planned.
	info, err := f.Stat()
	if err != nil {
		return err
	}
	h.size = uint32(info.Size())
	if err := c.next(h); err != nil {
		return err
	}
	return c.data(f, info.Size())
}
