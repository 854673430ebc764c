package clients

import (
	"testing"

	"limpid/test/lab"
)

// tools is what the package runs; each is in .ci/deps.
func tools() []string {
	return []string{
		"curl", "wget", "aria2c", "apt-get", "git", "chromium", "ab", "wrk", "lftp", "busybox", "ssh", "scp", "ssh-keygen",
		"openssl", "swaks", "nginx", "apache2", "lighttpd", "node", "aiosmtpd", "/usr/sbin/sshd", "/usr/bin/python3", "unshare",
	}
}

func TestClients(t *testing.T) {
	must(t, lab.Requirements(tools()...))
	f := newFiles(t)
	bare, boxed := newWorld(t, f, true), newWorld(t, f, false)
	group(t, "curl", bare, boxed, curlScenarios())
	group(t, "servers", bare, boxed, serverScenarios())
	group(t, "apt", bare, boxed, aptScenarios())
	group(t, "download", bare, boxed, downloadScenarios())
	group(t, "git", bare, boxed, gitScenarios())
	group(t, "program", bare, boxed, programScenarios())
	group(t, "tunnel", bare, boxed, tunnelScenarios())
	group(t, "browser", bare, boxed, browserScenarios())
	group(t, "odd", bare, boxed, oddScenarios())
}
