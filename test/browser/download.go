package browser

import "context"

// Downloads has files that are downloaded kept in a folder, from now on. A file is there
// by its name only when all of it is.
func (t *Tab) Downloads(ctx context.Context, dir string) error {
	return t.pipe.call(ctx, "", "Browser.setDownloadBehavior", map[string]any{"behavior": "allow", "downloadPath": dir}, nil)
}
