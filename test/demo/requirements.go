package main

import (
	"fmt"
	"os/exec"

	"limpid/test/lab"
)

// requirements checks that everything the story needs is there, before it
// begins. The error is one line and names the mend.
func (d *demo) requirements() error {
	tools := []string{"nginx", "curl", "wget"}
	if d.whole {
		tools = append(tools, "qemu-system-x86_64", "grub-mkimage", "mcopy")
	}
	if err := lab.Requirements(tools...); err != nil {
		return err
	}
	for _, tool := range []string{"apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("find %s: the demo downloads a Debian package as apt does: run it on Debian, or in a container of it", tool)
		}
	}
	return nil
}
