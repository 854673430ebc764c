package boot

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"limpid/appliance/config"
	"limpid/appliance/control"
)

func TestCommandLine(t *testing.T) {
	for _, c := range []struct {
		line  cmdline
		slot  string
		ports [2]string
		ok    bool
	}{
		{"console=ttyS0 limpid.slot=b panic=10\n", "b", [2]string{}, false},
		{"limpid.slot=a limpid.slot=b", "b", [2]string{}, false},
		{"limpid.slot=c xlimpid.slot=a", "", [2]string{}, false},
		{"limpid.ports=eth1,eth2", "", [2]string{"eth1", "eth2"}, true},
		{"limpid.ports=eth1,eth1", "", [2]string{"eth1", "eth1"}, false},
		{"limpid.ports=eth1", "", [2]string{"eth1", ""}, false},
	} {
		ports, ok := c.line.ports()
		if got := c.line.slotName(); got != c.slot || ok != c.ok || ok && ports != c.ports {
			t.Errorf("%q: slot %q, ports %v, %v", c.line, got, ports, ok)
		}
	}
}

func TestSignals(t *testing.T) {
	for s, want := range map[os.Signal]Kind{syscall.SIGINT: Reboot, syscall.SIGTERM: Reboot, syscall.SIGUSR1: Halt, syscall.SIGUSR2: PowerOff} {
		if e, ok := meaning(s); !ok || e.Kind != want || e.Fatal {
			t.Errorf("%v: %+v, %v", s, e, ok)
		}
	}
	if _, ok := meaning(syscall.SIGHUP); ok {
		t.Error("SIGHUP ends the box")
	}
}

func TestPowerButton(t *testing.T) {
	event := func(kind, code uint16, value uint32) []byte {
		b := make([]byte, inputEventSize)
		binary.LittleEndian.PutUint16(b[16:], kind)
		binary.LittleEndian.PutUint16(b[18:], code)
		binary.LittleEndian.PutUint32(b[20:], value)
		return b
	}
	if !isPowerPress(event(eventKey, keyPower, 1)) {
		t.Error("the button does nothing")
	}
	for name, b := range map[string][]byte{
		"release": event(eventKey, keyPower, 0), "held": event(eventKey, keyPower, 2), "another key": event(eventKey, 30, 1),
		"no key": event(4, keyPower, 1), "torn": event(eventKey, keyPower, 1)[:20],
	} {
		if isPowerPress(b) {
			t.Errorf("%s switches off", name)
		}
	}
}

func TestConsoles(t *testing.T) {
	if got := activeConsoles("tty0 ttyS0\n"); !slices.Equal(got, []string{"/dev/tty1", "/dev/ttyS0"}) {
		t.Error(got)
	}
	if got := activeConsoles(""); len(got) != 0 {
		t.Error(got)
	}
}

func TestWatchdogIsChosenByIdentity(t *testing.T) {
	for _, c := range []struct {
		all  []candidate
		want string
	}{
		{nil, ""},
		{[]candidate{{"watchdog0", softwareWatchdog}}, "watchdog0"},
		{[]candidate{{"watchdog0", softwareWatchdog}, {"watchdog1", "Something New"}}, "watchdog1"},
		{[]candidate{{"watchdog0", "iamt_wdt"}, {"watchdog1", "iTCO_wdt"}}, "watchdog1"},
		{[]candidate{{"watchdog0", "iTCO_wdt"}, {"watchdog1", "wdat_wdt"}}, "watchdog1"},
		{[]candidate{{"watchdog1", "i6300ESB timer"}, {"watchdog0", "i6300ESB timer"}}, "watchdog0"},
		{[]candidate{{"watchdog0", "iTCO_wdt"}, {"watchdog1", "i6300ESB timer"}}, "watchdog1"},
	} {
		if got := pickWatchdog(c.all); got.name != c.want {
			t.Errorf("%v: %v", c.all, got)
		}
	}
	class := t.TempDir()
	for name, identity := range map[string]string{"watchdog0": softwareWatchdog + "\n", "watchdog1": "SP5100 TCO timer\n"} {
		if err := errors.Join(os.Mkdir(filepath.Join(class, name), 0o700), os.WriteFile(filepath.Join(class, name, "identity"), []byte(identity), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if got := pickWatchdog(watchdogs(class)); got != (candidate{"watchdog1", "SP5100 TCO timer"}) {
		t.Error(got)
	}
}

func TestConfigurationIsChosen(t *testing.T) {
	unplugged := &absentError{[]string{"eth9"}}
	bad := &config.InvalidError{Problems: []config.Problem{{File: settingsPath, Line: 3, Key: "bridge.ports", What: "is missing"}}}
	for name, c := range map[string]struct {
		settings, good error
		from           control.ConfigFrom
		path, problem  string
	}{
		"settings":                         {nil, nil, control.ConfigSettings, settingsPath, ""},
		"a new box":                        {fs.ErrNotExist, fs.ErrNotExist, control.ConfigDefaults, defaultPath, ""},
		"settings with a mistake":          {bad, nil, control.ConfigLastGood, goodPath, "bridge.ports: is missing; the last good ones are used instead"},
		"settings that are gone":           {fs.ErrNotExist, nil, control.ConfigLastGood, goodPath, "the settings are gone; the last good ones are used instead"},
		"a mistake, and nothing good":      {bad, fs.ErrNotExist, control.ConfigDefaults, defaultPath, "bridge.ports: is missing; the defaults are used instead"},
		"settings without their ports":     {unplugged, nil, control.ConfigLastGood, goodPath, "port eth9 is not there (plug it in, or correct bridge.ports); the last good ones are used instead"},
		"ports of neither are there":       {unplugged, unplugged, control.ConfigDefaults, defaultPath, "port eth9 is not there (plug it in, or correct bridge.ports); the defaults are used instead"},
		"a mistake, and the good one torn": {bad, bad, control.ConfigDefaults, defaultPath, "bridge.ports: is missing; the defaults are used instead"},
	} {
		t.Run(name, func(t *testing.T) {
			got := choose(func(path string) error {
				if path == settingsPath {
					return c.settings
				}
				return c.good
			})
			if got.from != c.from || got.path != c.path || (got.problem == nil) != (c.problem == "") || got.problem != nil && !strings.HasSuffix(got.problem.Error(), c.problem) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// A supervisor that does not live gets the last good settings, else the defaults; for those
// there is nothing else.
func TestSpareIsChosen(t *testing.T) {
	for name, c := range map[string]struct {
		runs   string
		good   error
		from   control.ConfigFrom
		path   string
		wanted bool
	}{
		"a good one":             {settingsPath, nil, control.ConfigLastGood, goodPath, true},
		"none":                   {settingsPath, fs.ErrNotExist, control.ConfigDefaults, defaultPath, true},
		"one without its ports":  {settingsPath, &absentError{[]string{"eth9"}}, control.ConfigDefaults, defaultPath, true},
		"the good one runs":      {goodPath, nil, "", "", false},
		"the defaults run":       {defaultPath, nil, "", "", false},
		"the defaults, and none": {defaultPath, fs.ErrNotExist, "", "", false},
	} {
		got, ok := spare(c.runs, func(path string) error {
			if path != goodPath {
				t.Errorf("%s: %s is tried", name, path)
			}
			return c.good
		})
		if ok != c.wanted || got.from != c.from || got.path != c.path || errors.Is(got.problem, errUnfit) != c.wanted {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
}

func TestNetworkIsReset(t *testing.T) {
	path, good := filepath.Join(t.TempDir(), "limpid.toml"), filepath.Join(t.TempDir(), "good")
	if err := os.WriteFile(path, []byte("[bridge]\nports = [\"eth5\", \"eth6\"]\n[management]\naddress = \"192.0.2.1/24\"\ntimezone = \"Asia/Tokyo\"\nvlan = 7\n[intercept]\nports = [8000]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := resetNetwork(path, good); err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	want.Management.Timezone = "Asia/Tokyo"
	want.Bridge.Ports, want.Intercept.Ports = []string{"eth5", "eth6"}, []uint16{8000}
	if got, err := config.Load(path); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := os.WriteFile(path, []byte("[bridge\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := resetNetwork(path, good); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("settings that nobody can read are still there: %v", err)
	}
	// Then the last good ones would run, with their address: they are what is reset.
	for _, broken := range []string{"[bridge\n", ""} {
		if err := errors.Join(os.WriteFile(path, []byte(broken), 0o600), os.WriteFile(good, []byte("[bridge]\nports = [\"eth7\", \"eth8\"]\n[management]\naddress = \"none\"\n"), 0o600)); err != nil {
			t.Fatal(err)
		}
		if broken == "" {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		if err := resetNetwork(path, good); err != nil {
			t.Fatal(err)
		}
		want := config.Default()
		want.Bridge.Ports = []string{"eth7", "eth8"}
		if got, err := config.Load(path); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

func TestPasswordIsReset(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	if was, err := resetPassword(path); was || err != nil {
		t.Errorf("%v, %v", was, err)
	}
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if was, err := resetPassword(path); !was || err != nil {
		t.Errorf("%v, %v", was, err)
	}
	if was, err := resetPassword(path); was || err != nil {
		t.Errorf("%v, %v", was, err)
	}
}
