package main

import (
	"context"

	"limpid/appliance/control"
)

func metricsCommand() command {
	return command{name: "metrics", usage: "[--run DIR]", summary: "Print what is counted, for Prometheus",
		help: `
  --run DIR  run directory of the supervisor (` + defaultRunDir + `)

Prometheus's text format, as GET /v1/metrics on the control socket gives it. Prometheus cannot scrape a unix socket:
let node_exporter's textfile collector have the output, or put a web server before the socket.`,
		run: func(ctx context.Context, t terminal, args []string) error {
			set := newFlags("metrics")
			dir := runFlag(set)
			if _, err := parse(set, args); err != nil {
				return err
			}
			client := control.NewClient(*dir)
			defer client.Close()
			return client.Metrics(ctx, t.out)
		}}
}
