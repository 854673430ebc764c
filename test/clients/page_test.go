package clients

func (f *files) writePage(string) error { return nil }
