// Package guest holds tests that run inside the test VM only. They prove that the machine is what the namespaces lab
// and limpid need: each kernel feature is used, not looked up. It has no product code and nothing imports it.
package guest
