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
	switch tool {
	case "ping":
		return "iputils-ping"
	case "ip", "tc", "bridge", "ss":
		return "iproute2"
	case "arping":
		return "iputils-arping"
	case "nft":
		return "nftables"
	case "ab":
		return "apache2-utils"
	case "aria2c":
		return "aria2"
	case "apache2":
		return "apache2-bin"
	case "node":
		return "nodejs"
	case "ssh", "scp", "ssh-keygen":
		return "openssh-client"
	case "/usr/sbin/sshd":
		return "openssh-server"
	case "aiosmtpd":
		return "python3-aiosmtpd"
	case "/usr/bin/python3":
		return "python3"
	case "go":
		return "golang-go"
	}
	return tool
}
