package clients

import (
	"limpid/proxy/http1"
	"limpid/proxy/relay"
)

// tunnelScenarios: what is not HTTP, or no longer.
func tunnelScenarios() []scenario {
	why := func(reason relay.Reason) map[relay.Reason]uint64 { return map[relay.Reason]uint64{reason: 1} }
	ssh := func(name string, do func(r *run, options []string)) scenario {
		// Both ends speak first: whoever is heard first is the reason.
		return scenario{name: name, compare: loosely, either: []relay.Reason{
			relay.ServerFirst, relay.Reason(http1.BadTarget), relay.Reason(http1.BadVersion), relay.Reason(http1.NoVersion), relay.Reason(http1.BadMethod),
		}, do: func(r *run) {
			do(r, []string{
				"-F", "none", "-i", r.world.path("ssh_user"), "-o", "BatchMode=yes", "-o", "LogLevel=ERROR",
				"-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no",
			})
		}}
	}
	tls := "https://" + nginxTLS + ":80"
	return []scenario{
		ssh("ssh", func(r *run, options []string) {
			r.client("ssh", append(options, "-p", "80", "root@"+sshd, "echo hello; cat /proc/sys/kernel/ostype; exit 3")...)
			r.expect("exit 3")
		}),
		ssh("ssh, both ways", func(r *run, options []string) {
			r.put("up.bin", content(2_000_000))
			r.client("sh", append([]string{"-c", `ssh "$@" cat <up.bin | sha256sum`, "sh"}, append(options, "-p", "80", "root@"+sshd)...)...)
			r.expect("  -")
		}),
		ssh("scp", func(r *run, options []string) {
			r.put("up.bin", content(10_000_000))
			r.client("scp", append(options, "-q", "-P", "80", "up.bin", "root@"+sshd+":"+r.world.path("sent", "scp.bin"))...)
			r.client("scp", append(options, "-q", "-P", "80", "root@"+sshd+":"+r.world.path("sent", "scp.bin"), "back.bin")...)
			r.same("back.bin", content(10_000_000))
		}),
		{name: "tls, curl", compare: loosely, tunnels: why(relay.Reason(http1.TLS)), do: func(r *run) {
			r.curl(show("-k", "-o", "#1", tls+"/{1k.bin,big.bin,text.txt}")...)
			r.expect("200 0 72000")
		}},
		{name: "tls, http/2", compare: loosely, tunnels: why(relay.Reason(http1.TLS)), do: func(r *run) {
			r.curl("-k", "--http2", "-o", "#1", tls+"/{1k.bin,1m.bin}")
		}},
		{name: "tls, wget", compare: loosely, tunnels: why(relay.Reason(http1.TLS)), do: func(r *run) {
			r.client("wget", "-q", "--no-check-certificate", tls+"/100k.bin")
		}},
		{name: "tls, s_client", compare: loosely, tunnels: why(relay.Reason(http1.TLS)), do: func(r *run) {
			r.client("sh", "-c", `printf 'GET /text.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' | openssl s_client -quiet -ign_eof -connect `+nginxTLS+`:80 2>/dev/null | sha256sum`)
			r.drop("out")
		}, varies: anyDigest()},
		{name: "smtp, curl", tunnels: why(relay.ServerFirst), do: func(r *run) {
			r.put("mail", []byte("From: <a@wire>\r\nTo: <b@wire>\r\nSubject: port 80\r\n\r\nhello\r\n.dot\r\n"))
			r.curl("smtp://"+smtp+":80/wire", "--mail-from", "a@wire", "--mail-rcpt", "b@wire", "--mail-rcpt", "c@wire", "-T", "mail")
		}},
		{name: "smtp, swaks", compare: loosely, tunnels: why(relay.ServerFirst), do: func(r *run) {
			r.client("swaks", "--server", smtp, "--port", "80", "--from", "a@wire", "--to", "b@wire", "--helo", "wire", "--h-Message-Id", "<1@wire>",
				"--h-Date", "today", "--body", "hello")
			r.expect("221 ")
		}},
		{name: "smtp, refused", tunnels: why(relay.ServerFirst), do: func(r *run) {
			r.curl("smtp://"+smtp+":80/wire", "--mail-from", "a@wire", "-X", "BOGUS")
		}},
		{name: "websocket, node to python", compare: loosely, counted: 2, do: func(r *run) {
			r.client("node", program("sockets-client.js"), "ws://"+sockets+"/")
			r.expect("close 4000 enough 1\n")
		}},
		{name: "websocket, python to node", compare: loosely, counted: 2, do: func(r *run) {
			r.client("/usr/bin/python3", program("sockets-client.py"), "ws://"+node+"/socket")
			r.expect("close 4000 enough")
		}},
		{name: "websocket, refused", compare: loosely, counted: 2, do: func(r *run) {
			r.client("node", program("sockets-client.js"), "ws://"+nginx+"/text.txt")
			r.expect("error Unexpected server response: 200")
		}},
		{name: "websocket, curl", do: func(r *run) {
			r.client("sh", "-c", `printf '\211\200\0\0\0\0\210\200\0\0\0\0' | curl -sS -i --max-time 10 -N -T - -H 'Transfer-Encoding:' -H 'Expect:' -X GET -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: d2lyZXdpcmV3aXJld2lyZQ==' http://`+node+`/socket -o out`)
			r.drop("out")
		}, compare: loosely, counted: 1},
	}
}
