package config

func readCache(t *table, to *Cache) {
	t.flag("enabled", &to.Enabled)
	t.size("ram", &to.RAM)
	t.size("disk", &to.Disk)
	t.text("path", takePath(&to.Path))
}
