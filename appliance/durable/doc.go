// Package durable writes small files that must survive a power cut whole: the old
// contents or the new ones, never neither. It knows nothing of what they hold. Of one
// file there is one writer at a time: who calls sees to that.
package durable
