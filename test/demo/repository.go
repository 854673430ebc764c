package main

import (
	"context"
	"path/filepath"

	"limpid/test/lab"
)

// hello is the one package of the repository.
func hello() lab.DebianPackage {
	return lab.DebianPackage{
		Name: "limpid-hello", Summary: "package that came through limpid",
		Content: []byte("Downloaded by apt, carried by limpid.\n"),
	}
}

// makeRepository puts it into debian/ below root.
func makeRepository(ctx context.Context, root string) error {
	return lab.MakeRepository(ctx, filepath.Join(root, "debian"), "limpid demo", hello())
}
