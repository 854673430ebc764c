// Package channel is what the host and process 1 of the test VM say to each other: the job, packed into the initramfs,
// and the frames that come back on a virtio-serial port. It does no I/O beyond the reader and writer it is given, and
// must import nothing of the project, since it is compiled into the guest too.
package channel
