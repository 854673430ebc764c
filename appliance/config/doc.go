// Package config owns limpid.toml: its schema, its defaults, and the words in which a mistake is explained.
//
// [Load] and [Parse] read a file in four steps. A key locator notes the line of every key. BurntSushi/toml turns the
// source into a tree. Each section is then read from the tree by its own file, which checks every value as it takes
// it. Last come the checks that span sections. No step stops at the first mistake: all are collected and returned as
// one [InvalidError], a line each: file, line, key, what is wrong, how to mend it.
//
// The package reads the one file it is given and nothing else: whether an interface exists or a path can be written
// is for the packages that use them.
package config
