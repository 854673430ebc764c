package vm

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"limpid/test/vm/channel"
)

// companions are host files and folders, as glob patterns, that a program opens by name while it runs; those that the
// host lacks are passed over.
func companions(program string) []string {
	switch program {
	case "ip", "tc", "bridge", "ss":
		return []string{"/etc/iproute2", "/usr/lib/tc/*", "/usr/lib/x86_64-linux-gnu/tc/*"}
	case "nginx":
		return []string{"/etc/nginx/mime.types", "/usr/lib/nginx/modules", "/usr/share/nginx/html"}
	case "haproxy":
		return []string{"/etc/haproxy"}
	case "ebtables", "iptables", "ip6tables", "nft":
		return []string{"/etc/ethertypes", "/usr/lib/x86_64-linux-gnu/xtables", "/usr/lib/x86_64-linux-gnu/ebtables"}
	case "bash":
		return []string{"/etc/bash.bashrc"}
	}
	return nil
}

// folders are the empty folders that a program expects to find.
func folders(program string) []string {
	switch program {
	case "nginx":
		return []string{"/var/log/nginx", "/var/lib/nginx"}
	case "haproxy":
		return []string{"/var/lib/haproxy"}
	}
	return nil
}

// applets are what busybox stands in for: plain tools of a shell. Network tools are not among them: a test that forgot
// to ask for the host's ip or ping must miss it, not meet another one.
func applets() []string {
	return []string{
		"awk", "basename", "cat", "chmod", "chown", "cmp", "cp", "cut", "date", "dd", "df", "diff", "dirname", "dmesg",
		"du", "echo", "env", "expr", "false", "find", "free", "grep", "head", "hexdump", "hostname", "id", "kill", "ln",
		"ls", "lsmod", "md5sum", "mkdir", "mkfifo", "mknod", "mktemp", "mount", "mv", "nproc", "od", "printf", "ps",
		"pwd", "readlink", "realpath", "rm", "rmdir", "sed", "seq", "sha256sum", "sleep", "sort", "stat", "sync",
		"sysctl", "tail", "tar", "tee", "test", "timeout", "top", "touch", "tr", "true", "umount", "uname", "uniq",
		"wc", "which", "xargs", "yes",
	}
}

// findProgram looks for a host program in PATH and in the sbin folders, which a user's PATH may lack.
func findProgram(name string) (string, error) {
	// PATH comes first, so that a caller can put another version before the system's.
	if path, err := exec.LookPath(name); err == nil {
		return filepath.Abs(path)
	}
	for _, dir := range []string{"/usr/local/sbin", "/usr/sbin", "/sbin"} {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("find program %s: not on this machine; install it%s", name, installHint(name))
}

// installHint names the Debian package of the programs this package itself runs or always carries.
func installHint(name string) string {
	hints := map[string]string{
		"qemu-system-x86_64": "qemu-system-x86", "busybox": "busybox-static", "modprobe": "kmod", "depmod": "kmod",
		"xz": "xz-utils", "dpkg-deb": "dpkg", "ldconfig": "libc-bin", "apt-get": "apt", "apt-cache": "apt",
	}
	if pkg, ok := hints[name]; ok {
		return ": apt-get install " + pkg
	}
	return ""
}

// program adds a host program under its host path, with its companions.
func (t *tree) program(name string) error {
	// An absolute name is taken as it is: a program that lies outside PATH.
	path := name
	if !filepath.IsAbs(name) {
		found, err := findProgram(name)
		if err != nil {
			return err
		}
		path = found
	}
	if err := t.mirror(path); err != nil {
		return err
	}
	for _, pattern := range companions(filepath.Base(path)) {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return fmt.Errorf("pack %s: %w", pattern, err)
		}
		for _, file := range found {
			if err := t.mirror(file); err != nil {
				return err
			}
		}
	}
	for _, dir := range folders(filepath.Base(path)) {
		if _, err := t.dir(dir, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// shell adds the host's /bin/sh, and busybox under its applets' names where no host program took the name. Busybox is
// not the shell itself: its shell would run its own ip and ping before looking at PATH.
func (t *tree) shell() error {
	for _, name := range []string{"/bin/sh", "busybox"} {
		if err := t.program(name); err != nil {
			return err
		}
	}
	busybox, err := findProgram("busybox")
	if err != nil {
		return err
	}
	for _, name := range applets() {
		// On a host with merged /usr programs may have been found under either name.
		if t.has("/usr/bin/"+name) || t.has("/usr/sbin/"+name) || t.has("/bin/"+name) || t.has("/sbin/"+name) {
			continue
		}
		if err := t.symlink("/bin/"+name, busybox); err != nil {
			return err
		}
	}
	return nil
}

// modprobe adds kmod's modprobe at a place where the kernel does not look for it: while it starts, it would ask for
// crypto modules in vain, which takes half a second. The guest's process 1 tells the kernel of it.
func (t *tree) modprobe() error {
	path, err := findProgram("modprobe")
	if err != nil {
		return err
	}
	kmod, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("pack modprobe: %w", err)
	}
	if err := t.mirror(kmod); err != nil {
		return err
	}
	return t.symlink(channel.ModprobePath, kmod)
}

// has says whether the tree holds this very path; it follows no link.
func (t *tree) has(path string) bool {
	_, ok := t.nodes[path]
	return ok
}
