// Package guest holds tests that run inside the test VM only: product code on
// loop devices with real partition tables and file systems.
package guest
