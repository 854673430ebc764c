// Command init is process 1 of the test VM: it mounts the file systems, loads the kernel modules it is told, runs one
// program as root, sends the program's output, its exit status and the files it left in /out to the host, and powers
// the machine off. It must never be run on a host, and refuses to when it is not process 1.
package main
