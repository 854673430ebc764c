// Package medium runs the tests of package guest below it in the virtual
// machine: how limpid's writing of boot environment and slots meets real file
// systems, block devices and partition tables, which need a kernel with FAT and
// loop devices.
package medium
