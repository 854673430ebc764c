package debian

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Store is a folder of unpacked packages, each in a folder named for it and its version. It only grows; anybody may
// remove what is no longer wanted.
type Store struct {
	Dir string
	Log *slog.Logger // what is downloaded
}

// Package is an unpacked package.
type Package struct {
	Name, Version string
	Root          string // folder with its files
}

// Packages gives these packages in the versions that apt would install now, in the order asked for. Those that the store
// lacks are downloaded, together; no privilege is needed.
func (s Store) Packages(ctx context.Context, names ...string) ([]Package, error) {
	records, err := lookUp(ctx, names...)
	if err != nil {
		return nil, err
	}
	packages := make([]Package, len(names))
	var missing []Package
	for i, name := range names {
		version, ok := records[name]["Version"]
		if !ok {
			return nil, fmt.Errorf("look up %s: apt knows no such package; run apt-get update (Debian 12 with its security archive has it)", name)
		}
		packages[i] = Package{Name: name, Version: version, Root: filepath.Join(s.Dir, name+"_"+strings.ReplaceAll(version, ":", "%3a"))}
		if _, err := os.Stat(packages[i].Root); err != nil {
			missing = append(missing, packages[i])
		}
	}
	if len(missing) == 0 {
		return packages, nil
	}
	return packages, s.download(ctx, missing)
}

// download fetches packages and unpacks each; its folder appears only when it is complete.
func (s Store) download(ctx context.Context, packages []Package) error {
	// Programs run in the work folder: its name must hold there too.
	dir, err := filepath.Abs(s.Dir)
	if err != nil {
		return fmt.Errorf("make package cache: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make package cache: %w", err)
	}
	work, err := os.MkdirTemp(dir, ".unpack-*")
	if err != nil {
		return fmt.Errorf("make package cache: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }() // in vain at worst
	args := []string{"-q", "-o", "APT::Sandbox::User=", "download"}
	for _, p := range packages {
		s.Log.Info("download package", "name", p.Name, "version", p.Version)
		args = append(args, p.Name+"="+p.Version)
	}
	if _, err := command(ctx, work, "apt-get", args...); err != nil {
		return fmt.Errorf("download %d packages: %w; is there a network? run apt-get update if the lists are old", len(packages), err)
	}
	for _, p := range packages {
		archives, err := filepath.Glob(filepath.Join(work, p.Name+"_*.deb"))
		if err != nil || len(archives) != 1 {
			return fmt.Errorf("download %s: apt-get left %d packages of that name, not one", p.Name, len(archives))
		}
		root := filepath.Join(work, "root-"+p.Name)
		if _, err := command(ctx, work, "dpkg-deb", "--extract", archives[0], root); err != nil {
			return fmt.Errorf("unpack %s: %w", p.Name, err)
		}
		// One rename makes the package appear whole or not at all; another build may have been faster.
		if err := os.Rename(root, p.Root); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("unpack %s: %w", p.Name, err)
		}
	}
	return nil
}

// lookUp gives the fields of packages' records, by package and name of field.
func lookUp(ctx context.Context, names ...string) (map[string]map[string]string, error) {
	out, err := command(ctx, "", "apt-cache", slices.Concat([]string{"show", "--no-all-versions"}, names)...)
	if err != nil {
		return nil, fmt.Errorf("look up %s: %w; run apt-get update (Debian 12 with its security archive has them)", strings.Join(names, ", "), err)
	}
	return parseRecords(string(out)), nil
}

// parseRecords reads records of "Field: value" lines, parted by empty lines. Lines that go on a value are passed over:
// none of the fields wanted here has any.
func parseRecords(text string) map[string]map[string]string {
	records := map[string]map[string]string{}
	for record := range strings.SplitSeq(text, "\n\n") {
		fields := map[string]string{}
		for line := range strings.Lines(record) {
			if name, value, ok := strings.Cut(line, ": "); ok && !strings.HasPrefix(line, " ") {
				fields[name] = strings.TrimSpace(value)
			}
		}
		if name := fields["Package"]; name != "" {
			records[name] = fields
		}
	}
	return records
}
