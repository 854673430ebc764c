package config

import "testing"

func TestProxyRefusals(t *testing.T) {
	testRefusals(t, []refusal{
		{"port 0", "[proxy]\nport = 0", `limpid.toml:3: proxy.port: 0 is out of range; use 1 to 65535`},
		{"port a string", "[proxy]\nport = \"8080\"", `limpid.toml:3: proxy.port: must be an integer, not a string; write a whole number from 1 to 65535, without quotes`},
		{"client_port", "[proxy]\nclient_port = \"random\"", `limpid.toml:3: proxy.client_port: "random" is not known; use "keep" or "any"`},
		{"non_http", "[proxy]\nnon_http = \"drop\"", `limpid.toml:3: proxy.non_http: "drop" is not known; use "tunnel" or "reset"`},
		{"via wanted", "[proxy]\nvia = true", `limpid.toml:3: proxy.via: heads are forwarded as they were received, so no Via can be added; write false`},
		{"head of 64 KiB and more", "[proxy]\nhead_limit = \"65KiB\"", `limpid.toml:3: proxy.head_limit: "65KiB" is out of range; use "4KiB" to "64KiB", which is what the proxy holds of a connection at most`},
		{"head of one byte too many", "[proxy]\nhead_limit = 65537", `limpid.toml:3: proxy.head_limit: "65537B" is out of range; use "4KiB" to "64KiB", which is what the proxy holds of a connection at most`},
		{"small head", "[proxy]\nhead_limit = 4095", `limpid.toml:3: proxy.head_limit: "4095B" is out of range; use "4KiB" to "64KiB", which is what the proxy holds of a connection at most`},
		{"head_limit no size", "[proxy]\nhead_limit = \"64k\"", `limpid.toml:3: proxy.head_limit: "64k" is not a size; write a whole number with B, KiB, MiB or GiB, like "256MiB"`},
		{"no line", "[proxy]\nline_limit = \"0\"", `limpid.toml:3: proxy.line_limit: "0" is out of range; use "1KiB" to "64KiB", which is what the proxy holds of a connection at most`},
		{"long line", "[proxy]\nline_limit = \"1MiB\"", `limpid.toml:3: proxy.line_limit: "1MiB" is out of range; use "1KiB" to "64KiB", which is what the proxy holds of a connection at most`},
		{"few fields", "[proxy]\nfields_limit = 15", `limpid.toml:3: proxy.fields_limit: 15 is out of range; use 16 to 4096`},
		{"many fields", "[proxy]\nfields_limit = 4097", `limpid.toml:3: proxy.fields_limit: 4097 is out of range; use 16 to 4096`},
		{"short head_timeout", "[proxy]\nhead_timeout = \"999ms\"", `limpid.toml:3: proxy.head_timeout: "999ms" is out of range; use 1s to 24h, or "0" for none`},
		{"long body_timeout", "[proxy]\nbody_timeout = \"25h\"", `limpid.toml:3: proxy.body_timeout: "25h" is out of range; use 1s to 24h, or "0" for none`},
		{"negative idle_timeout", "[proxy]\nidle_timeout = \"-1s\"", `limpid.toml:3: proxy.idle_timeout: "-1s" is out of range; use 1s to 168h, or "0" for none`},
		{"idle_timeout without quotes", "[proxy]\nidle_timeout = 0", `limpid.toml:3: proxy.idle_timeout: must be a duration, not an integer; write it in quotes with a unit, like "250ms"`},
		{"via", "[proxy]\nvia = \"limpid\"", `limpid.toml:3: proxy.via: must be true or false, not a string; write via = true or via = false`},
	})
}

func TestCacheRefusals(t *testing.T) {
	testRefusals(t, []refusal{
		{"enabled", "[cache]\nenabled = 1", `limpid.toml:3: cache.enabled: must be true or false, not an integer; write enabled = true or enabled = false`},
		{"decimal unit", "[cache]\nram = \"256MB\"", `limpid.toml:3: cache.ram: "256MB" is not a size; write a whole number with B, KiB, MiB or GiB, like "256MiB"`},
		{"fraction", "[cache]\nram = \"1.5GiB\"", `limpid.toml:3: cache.ram: "1.5GiB" is not a size; write a whole number with B, KiB, MiB or GiB, like "256MiB"`},
		{"unit alone", "[cache]\nram = \"MiB\"", `limpid.toml:3: cache.ram: "MiB" is not a size; write a whole number with B, KiB, MiB or GiB, like "256MiB"`},
		{"negative text", "[cache]\ndisk = \"-1\"", `limpid.toml:3: cache.disk: "-1" is not a size; write a whole number with B, KiB, MiB or GiB, like "256MiB"`},
		{"negative", "[cache]\ndisk = -1", `limpid.toml:3: cache.disk: -1 is negative; use 0 or more`},
		{"too big", "[cache]\ndisk = \"8589934592GiB\"", `limpid.toml:3: cache.disk: "8589934592GiB" is too big; use less than 8589934592GiB`},
		{"no size", "[cache]\ndisk = true", `limpid.toml:3: cache.disk: must be a size, not a boolean; write it like "256MiB"`},
		{"relative path", "[cache]\npath = \"cache\"", `limpid.toml:3: cache.path: "cache" is not an absolute path; begin it with /`},
		{"control character", "[cache]\npath = \"/a\\nb\"", `limpid.toml:3: cache.path: "/a\nb" holds a control character; take it out`},
	})
}

func TestWatchdogRefusals(t *testing.T) {
	testRefusals(t, []refusal{
		{"integer", "[watchdog]\ninterval = 250", `limpid.toml:3: watchdog.interval: must be a duration, not an integer; write it in quotes with a unit, like "250ms"`},
		{"no unit", "[watchdog]\ninterval = \"250\"", `limpid.toml:3: watchdog.interval: "250" is not a duration; write a number with ms or s, like "250ms"`},
		{"short", "[watchdog]\ninterval = \"49ms\"", `limpid.toml:3: watchdog.interval: "49ms" is out of range; use 50ms to 10s`},
		{"long", "[watchdog]\ninterval = \"11s\"", `limpid.toml:3: watchdog.interval: "11s" is out of range; use 50ms to 10s`},
		{"negative", "[watchdog]\ntimeout = \"-1s\"", `limpid.toml:3: watchdog.timeout: "-1s" is out of range; use 100ms to 1m`},
		{"zero", "[watchdog]\ntimeout = \"0\"", `limpid.toml:3: watchdog.timeout: "0" is out of range; use 100ms to 1m`},
		{"long timeout", "[watchdog]\ntimeout = \"61s\"", `limpid.toml:3: watchdog.timeout: "61s" is out of range; use 100ms to 1m`},
		{"less than twice", "[watchdog]\ntimeout = \"499ms\"", `limpid.toml:3: watchdog.timeout: "499ms" is less than twice the interval "250ms"; use at least "500ms"`},
		{"interval alone", "[watchdog]\ninterval = \"2s\"", `limpid.toml:3: watchdog.interval: "2s" needs a timeout of at least "4s", the default is "1s"; set timeout too`},
		{"hardware relative", "[watchdog]\nhardware = \"watchdog0\"", `limpid.toml:3: watchdog.hardware: "watchdog0" is not an absolute path; begin it with /`},
	})
}

func TestWebRefusals(t *testing.T) {
	testRefusals(t, []refusal{
		{"no port", "[web]\nlisten = [\"192.0.2.1\"]", `limpid.toml:3: web.listen[0]: "192.0.2.1" is not an address and port; write it like ":443", "192.0.2.10:443" or "[2001:db8::1]:443"`},
		{"port 0", "[web]\nlisten = [\":0\"]", `limpid.toml:3: web.listen[0]: ":0" is not an address and port; write it like ":443", "192.0.2.10:443" or "[2001:db8::1]:443"`},
		{"port by name", "[web]\nlisten = [\":https\"]", `limpid.toml:3: web.listen[0]: ":https" is not an address and port; write it like ":443", "192.0.2.10:443" or "[2001:db8::1]:443"`},
		{"IPv6 without brackets", "[web]\nlisten = [\"::1:80\"]", `limpid.toml:3: web.listen[0]: "::1:80" is not an address and port; write it like ":443", "192.0.2.10:443" or "[2001:db8::1]:443"`},
		{"host name", "[web]\nlisten = [\":443\", \"localhost:80\"]", `limpid.toml:3: web.listen[1]: "localhost:80" has a name for a host; write an IP address, or nothing before the colon for all`},
		{"twice", "[web]\nlisten = [\"[::1]:443\", \"[0::1]:443\"]", `limpid.toml:3: web.listen[1]: "[0::1]:443" is named twice; keep one`},
		{"no string", "[web]\nlisten = [443]", `limpid.toml:3: web.listen[0]: must be a string, not an integer; put it in double quotes`},
		{"the proxy's port", "[web]\nlisten = [\":443\",\n\":8080\"]", `limpid.toml:4: web.listen[1]: web.listen ":8080" and proxy.port 8080 collide; choose another port for one`},
		{"the proxy's port on loopback", "[web]\nlisten = [\"127.0.0.1:8080\"]", `limpid.toml:3: web.listen[0]: web.listen "127.0.0.1:8080" and proxy.port 8080 collide; choose another port for one`},
		{"the proxy on a default", "[proxy]\nport = 443", `limpid.toml:3: proxy.port: web.listen ":443" and proxy.port 443 collide; choose another port for one`},
	})
}

func TestLogRefusals(t *testing.T) {
	testRefusals(t, []refusal{
		{"relative path", "[log]\npath = \"\"", `limpid.toml:3: log.path: "" is not an absolute path; begin it with /`},
		{"keep", "[log]\nkeep = \"64 MiB\"", `limpid.toml:3: log.keep: "64 MiB" is not a size; write a whole number with B, KiB, MiB or GiB, like "256MiB"`},
		{"little keep", "[log]\nkeep = \"1023KiB\"", `limpid.toml:3: log.keep: "1023KiB" is too little; use at least "1MiB", or "0" for none on disk`},
		{"format", "[log]\nformat = \"csv\"", `limpid.toml:3: log.format: "csv" is not known; use "json" or "squid"`},
		{"fsync", "[log]\nfsync = \"5s\"", `limpid.toml:3: log.fsync: "5s" is not known; use "rotate", "1s" or "never"`},
		{"no scheme", "[log]\nsyslog = \"192.0.2.5:514\"", `limpid.toml:3: log.syslog: "192.0.2.5:514" is no syslog collector; write it like "udp://192.0.2.5:514" or "tcp://log.example:514"`},
		{"other scheme", "[log]\nsyslog = \"tls://192.0.2.5:514\"", `limpid.toml:3: log.syslog: "tls://192.0.2.5:514" is no syslog collector; write it like "udp://192.0.2.5:514" or "tcp://log.example:514"`},
		{"no port", "[log]\nsyslog = \"udp://192.0.2.5\"", `limpid.toml:3: log.syslog: "udp://192.0.2.5" is no syslog collector; write it like "udp://192.0.2.5:514" or "tcp://log.example:514"`},
		{"no host", "[log]\nsyslog = \"udp://:514\"", `limpid.toml:3: log.syslog: "udp://:514" is no syslog collector; write it like "udp://192.0.2.5:514" or "tcp://log.example:514"`},
		{"path behind", "[log]\nsyslog = \"udp://a:514/x\"", `limpid.toml:3: log.syslog: "udp://a:514/x" is no syslog collector; write it like "udp://192.0.2.5:514" or "tcp://log.example:514"`},
		{"bad host", "[log]\nsyslog = \"udp://-a:514\"", `limpid.toml:3: log.syslog: "udp://-a:514" is no syslog collector; write it like "udp://192.0.2.5:514" or "tcp://log.example:514"`},
	})
}

func TestSectionsAccepted(t *testing.T) {
	for _, source := range []string{
		"[web]\nlisten = []",
		"[web]\nlisten = [\"192.0.2.10:8080\", \"[fe80::1%eth2]:443\", \"127.0.0.2:8080\"]",
		"[proxy]\nport = 80\n[web]\nlisten = [\":443\"]",
		"[proxy]\nhead_limit = 4096\nline_limit = \"64KiB\"\nfields_limit = 16\nhead_timeout = \"0\"\nbody_timeout = \"0s\"\nidle_timeout = \"0h\"",
		"[proxy]\nhead_timeout = \"24h\"\nbody_timeout = \"1s\"\nidle_timeout = \"168h\"",
		"[log]\nsyslog = \"tcp://[2001:db8::5]:601\"\nkeep = 0",
		"[log]\nkeep = \"1MiB\"\nformat = \"json\"\nfsync = \"never\"",
		"[log]\nsyslog = \"udp://log.example:514\"",
		"[watchdog]\ninterval = \"10s\"\ntimeout = \"1m\"\nhardware = \"\"",
		"[watchdog]\ninterval = \"50ms\"\ntimeout = \"100ms\"",
		"[cache]\nram = \"0\"\ndisk = \"8589934591GiB\"\nenabled = false",
		"[intercept]\nports = [8080, 1, 65535]\nmax_connections = 0xF4240",
	} {
		parsed(t, source)
	}
}
