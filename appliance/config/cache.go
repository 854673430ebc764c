package config

// readCache reads the bounds of the cache. No upper bound is set: what the box has is known only to the box, and sizes of
// zero switch a level off. The path is checked even while the disk is not used, so that it is right when it will be.
func readCache(t *table, to *Cache) {
	t.flag("enabled", &to.Enabled)
	t.size("ram", &to.RAM)
	t.size("disk", &to.Disk)
	t.text("path", takePath(&to.Path))
}
