-- One line that a program can read, after wrk's own.
function done(summary, latency, requests)
	local e = summary.errors
	io.write(string.format(
		'\nresult {"duration_us":%d,"requests":%d,"bytes":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d,"p99_us":%d}\n',
		summary.duration, summary.requests, summary.bytes,
		e.connect, e.read, e.write, e.status, e.timeout,
		latency:percentile(99)))
end
