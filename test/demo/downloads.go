package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"limpid/test/lab"
)

// repositoryURL is the apt repository on s2.
const repositoryURL = "http://10.80.0.2/debian"

// download is one client's way to get a file, and how to check what it got.
type download struct {
	client   *lab.Node
	commands [][]string
	file     string // in home
	check    func(path string) error
}

// downloadList has a client on the subnet asking a server on it, one asking
// through a router, and one that is behind a router itself.
func (d *demo) downloadList() []download {
	return []download{
		{d.lab.C1, [][]string{{"curl", "-sS", "-o", "one", "-w", "%{size_download} bytes\\n", "http://10.77.0.101/big"}}, "one", isBig},
		{d.lab.C2, [][]string{{"wget", "-nv", "-O", "two", "http://10.80.0.2/big"}}, "two", isBig},
		{d.lab.C4, [][]string{{"apt-get", "update"}, {"apt-get", "download", hello().Name}}, hello().File(), d.isPackage},
	}
}

// fetchAll runs every download and checks each byte of what came.
func (d *demo) fetchAll(ctx context.Context) error {
	if err := lab.WriteAptConfig(d.home, repositoryURL); err != nil {
		return err
	}
	// One after another: what each printed must not mix.
	for _, load := range d.downloadList() {
		// apt's address is in a file, not in its command.
		if load.file == hello().File() {
			d.screen.prompt(load.client.Name, "cat", "/etc/apt/sources.list")
			d.screen.output(lab.AptSource(repositoryURL))
		}
		for _, command := range load.commands {
			if _, err := d.client(ctx, load.client, command...); err != nil {
				return err
			}
		}
		if err := load.check(filepath.Join(d.home, load.file)); err != nil {
			return fmt.Errorf("check what %s downloaded: %w", load.client.Name, err)
		}
	}
	d.screen.holds("every byte of the three files is the one on the servers' disks")
	return nil
}

// isBig checks a copy of the origins' big file.
func isBig(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = lab.Content(bigSize).Verify(f)
	return err
}

// isPackage compares a file with the package in the repository.
func (d *demo) isPackage(path string) error {
	got, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	want, err := os.ReadFile(filepath.Join(d.s2.root, "debian", hello().File()))
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%s differs from the server's", path)
	}
	return nil
}

// downloads shows that ordinary clients work, and that limpid carried them.
func (d *demo) downloads(ctx context.Context) error {
	before, err := d.waitFor(ctx, "limpid to be inline", isInline)
	if err != nil {
		return err
	}
	if err := d.fetchAll(ctx); err != nil {
		return err
	}
	after, err := d.limpid.Status(ctx)
	if err != nil {
		return err
	}
	// Counted by limpid alone; on a bare bridge both would stay 0.
	connections, requests := after.Flows.Captured-before.Flows.Captured, after.Requests-before.Requests
	// curl and wget open one each and ask once; apt-get needs one at least, for the
	// release file, the list and the package.
	if connections < 3 || requests < 5 {
		return fmt.Errorf("count what limpid carried: %d connections, %d requests: the downloads went past it", connections, requests)
	}
	d.screen.holds("limpid carried them: %d connections, %d requests", connections, requests)
	return nil
}
