package clients

import "context"

func (f *files) writeRepository(context.Context) error { return nil }
