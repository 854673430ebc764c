// Package buildroot checks the Buildroot tree in buildroot/ without Buildroot: the syntax of its fragments, what its files
// say of each other, its scripts on made-up folders, and each line of the kernel's fragment against the Kconfig of a real
// 6.12 kernel, by the kernel's own configurator.
//
// It owns the parts of Debian's linux-source-6.12 that this takes, unpacked in the repository's .cache/kconfig; the
// package is downloaded with apt the first time and never installed. It builds no kernel and touches nothing else.
package buildroot
