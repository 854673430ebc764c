// Package scenarios holds what limpid does with HTTP and with all that is none,
// as scripts: *.txtar, each with a client, a server and one topic, in the
// language of test/scenarios/script. Its tests play every one of them through
// proxy/relay in this process, cut in several ways, and through `limpid
// supervise` in the lab; and, so that a scenario never expects what a wire
// would not do, over a plain connection and through a plain bridge.
package scenarios
