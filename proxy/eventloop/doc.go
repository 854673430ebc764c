// Package eventloop runs many nonblocking descriptors on one goroutine over
// epoll(7). It owns the epoll descriptor, the wake-up eventfd and the tick
// timers; it never reads, writes or closes the descriptors it watches. A
// descriptor is registered once with its Handler and stays registered until
// Remove. Everything but Post and Close-after-Run happens on the goroutine
// that calls Run, so handlers need no locks. A round of the loop is: wait,
// call the handler of each ready descriptor, then what was asked for Again,
// then what was posted; in the steady state it allocates nothing.
package eventloop
