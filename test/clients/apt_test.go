package clients

import (
	"context"
	"fmt"

	"path/filepath"

	"limpid/test/lab"
)

// packages is how many the repository has; apt asks for them in one go, one
// request behind the other (RFC 9112 section 9.3.2).
const packages = 12

func packageName(i int) string { return fmt.Sprintf("wire-%c", 'a'+i) }

// writeRepository makes the repository that apt is given.
func (f *files) writeRepository(ctx context.Context) error {
	var list []lab.DebianPackage
	for i := range packages {
		list = append(list, lab.DebianPackage{Name: packageName(i), Summary: "package of the lab", Content: content(1000 << i)})
	}
	return lab.MakeRepository(ctx, f.path("debian"), "limpid lab", list...)
}

func aptScenarios() []scenario {
	apt := func(r *run, args ...string) {
		r.client("env", append([]string{"APT_CONFIG=" + lab.AptConfigPath(r.dir), "apt-get", "-qq"}, args...)...)
	}
	all := func(r *run) {
		var names []string
		for i := range packages {
			names = append(names, packageName(i))
		}
		apt(r, append([]string{"download"}, names...)...)
	}
	var list []scenario
	for name, server := range map[string]string{"nginx": nginx, "apache": apache, "lighttpd": lighttpd, "python": python} {
		list = append(list, scenario{name: name, compare: messages, do: func(r *run) {
			r.fail(lab.WriteAptConfig(r.dir, "http://"+server+"/debian"))
			apt(r, "update")
			all(r)
			apt(r, "update") // not modified
			matches, err := filepath.Glob(filepath.Join(r.dir, "*.deb"))
			if r.fail(err); len(matches) != packages {
				r.fail(fmt.Errorf("apt downloaded %d packages of %d", len(matches), packages))
			}
			r.drop("apt", "apt.conf") // caches with their own dates; the name of the folder
		}})
	}
	return list
}
