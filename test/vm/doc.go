// Package vm runs a test binary as root inside a virtual machine with Debian's 6.12 kernel, so that what the host's
// kernel may lack (broute, NFT_QUEUE, VLAN devices, netem) is tested on any machine that has QEMU.
//
// It owns the unpacked kernel in the repository's .cache/vm, the initramfs it packs for each run, and the QEMU process
// it starts. It never installs a package, never touches the host's network and never asks for KVM: the processor is
// always emulated (TCG).
//
// A run goes: find and unpack the kernel (kernel.go), pack an initramfs with the test binary, the programs, their shared
// libraries and the kernel's modules (initramfs.go), boot it (qemu.go), and read what the guest's process 1 (package
// init beside this one) sends on a virtio-serial port (package channel). Test reports each inner test as a subtest.
package vm
