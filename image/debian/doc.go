// Package debian is where the development profile takes everything but limpid
// from: it downloads Debian's packages with apt, unpacks them in a cache folder
// without installing anything, and picks the kernel, the modules a box needs and
// the files of the root file system out of them. So an image depends on the
// versions of those packages and on nothing that the building machine has
// installed or configured. It owns its cache folder and writes nowhere else.
package debian
