// Package doctor goes through the operator's checklist and says why a connection is
// captured or not. Read gathers what the kernel has (through bridge and interceptor,
// and /proc), the supervisor adds what it knows; all of it is one Facts. Every check,
// and Explain, is a pure function of it. The package changes nothing and mends nothing:
// whoever reads a verdict does. See docs/doctor.md.
package doctor
