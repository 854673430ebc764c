// Command testreport runs `go test` and says what came of it, and at the end
// of several such runs says it once more together with every skipped test.
//
//	testreport run [-v] [-record FILE] -- GO TEST ARGUMENTS
//	testreport sum [-allow FILE] DIRECTORY
//
// A run prints a line for each package, the whole output of each test that
// failed (with -v of each test), and fails when a test failed, a package did
// not build, or no test ran at all. A sum reads the records of a directory and
// prints every package and every skip with its reason; where CI=true, a skip
// fails it unless the allow-list names a test that passed in its place. It reads test2json events
// (`go doc test2json`) and nothing of the project.
package main
