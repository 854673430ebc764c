package config

// readConsole reads what the box's own screen may do.
func readConsole(t *table, to *Console) { t.flag("shell", &to.Shell) }
