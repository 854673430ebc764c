// Package qemu runs QEMU as a child process: its first serial line is text to wait
// for and to type on, its monitor (QMP) presses keys and buttons. It owns the
// processes it starts, and one socket each; what machine that is, its arguments say,
// which are the caller's. No machine outlives the process that started it.
package qemu
