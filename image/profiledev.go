package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"limpid/image/debian"
	"limpid/image/root"
)

// fromDebian takes everything but limpid from Debian's packages.
func fromDebian(ctx context.Context, o options, log *slog.Logger) (payload, error) {
	program, err := os.ReadFile(o.limpid)
	if errors.Is(err, fs.ErrNotExist) {
		return payload{}, fmt.Errorf("find the limpid program: %w; run make build, or name it with -limpid", err)
	}
	if err != nil {
		return payload{}, fmt.Errorf("read the limpid program: %w", err)
	}
	meta := o.kernel
	if meta == "" {
		meta = debian.KernelPackage
	}
	store := debian.Store{Dir: o.cache, Log: log}
	kernel, err := store.Kernel(ctx, meta)
	if err != nil {
		return payload{}, err
	}
	packages, err := store.Packages(ctx, root.Packages()...)
	if err != nil {
		return payload{}, err
	}
	modules, err := kernel.Modules(ctx, debian.Wanted())
	if err != nil {
		return payload{}, err
	}
	index, err := kernel.Index(modules)
	if err != nil {
		return payload{}, err
	}
	tree, err := root.Build(root.Parts{
		Limpid: program, Packages: packages, Release: release(o), Kernel: kernel, Modules: modules, Index: index,
	})
	if err != nil {
		return payload{}, err
	}
	archive, err := tree.Pack(o.time)
	if err != nil {
		return payload{}, err
	}
	image, err := kernel.ReadImage()
	if err != nil {
		return payload{}, err
	}
	packed, err := compress(archive)
	return payload{
		kernel: image, root: packed, unpacked: len(archive),
		about: fmt.Sprintf("limpid %s with Debian's kernel %s and %d of its modules", o.version, kernel.Release, len(modules)),
	}, err
}
