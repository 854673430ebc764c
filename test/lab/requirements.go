package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
)

// Requirements checks that a lab can be built here and that each of the named
// tools is installed. The error is one line and names what to do.
func Requirements(tools ...string) error {
	if os.Geteuid() != 0 {
		return errors.New("build a lab: needs root (network namespaces): run it with sudo")
	}
	if _, err := os.Stat("/proc/self/ns/net"); err != nil {
		return errors.New("build a lab: this kernel has no network namespaces: use one with CONFIG_NET_NS")
	}
	if err := mayAdminister(); err != nil {
		return err
	}
	var missing, packages []string
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, tool)
			packages = append(packages, debianPackage(tool))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("find %s: not installed: apt-get install %s", strings.Join(missing, ", "), strings.Join(packages, " "))
	}
	return nil
}

// mayAdminister catches root in a container that has lost the capabilities.
func mayAdminister() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return fmt.Errorf("read capabilities: %w", err)
	}
	for bit, name := range map[int]string{unix.CAP_SYS_ADMIN: "CAP_SYS_ADMIN", unix.CAP_NET_ADMIN: "CAP_NET_ADMIN"} {
		if data[bit/32].Effective&(1<<(bit%32)) == 0 {
			return fmt.Errorf("build a lab: root without %s: start the container with --privileged", name)
		}
	}
	return nil
}

// debianPackage names the package that has a tool; most carry its name.
func debianPackage(tool string) string {
	name, ok := map[string]string{
		"ping": "iputils-ping", "arping": "iputils-arping", "ip": "iproute2", "tc": "iproute2", "bridge": "iproute2", "ss": "iproute2",
		"nft": "nftables", "ab": "apache2-utils", "aria2c": "aria2", "apache2": "apache2-bin", "node": "nodejs",
		"ssh": "openssh-client", "scp": "openssh-client", "ssh-keygen": "openssh-client", "/usr/sbin/sshd": "openssh-server",
		"aiosmtpd": "python3-aiosmtpd", "/usr/bin/python3": "python3", "go": "golang-go",
		"qemu-system-x86_64": "qemu-system-x86", "grub-mkimage": "grub-common", "mcopy": "mtools",
	}[tool]
	if !ok {
		return tool
	}
	return name
}
