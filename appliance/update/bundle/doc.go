// Package bundle is the file that a firmware update comes in: a tar archive
// that holds a manifest, the manifest's signature in minisign's format, and the
// parts that the manifest describes with sizes and SHA-256 sums. The signed
// head comes first, so that a box can refuse a bundle before it takes a byte of
// a part. Standard tools take one apart and check it: tar, minisign, sha256sum.
// This package owns the format: it makes bundles, and reads them as a stream
// that may be cut and resumed anywhere. It decides nothing about a box and
// writes nowhere.
package bundle
