package clients

import "context"

func (f *files) writeGit(context.Context) error { return nil }
func (w *world) copyGit(context.Context) error  { return nil }
