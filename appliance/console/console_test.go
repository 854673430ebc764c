package console

import (
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

func sample() Known {
	return Known{
		Version: "1.2.3", Addresses: []string{"192.0.2.10/24 on br0"},
		Status: &control.Status{Mode: control.Inline, Since: time.Unix(0, 0), Wire: control.Wire{
			LAN: control.Link{Name: "eth0", Present: true, Up: true, Carrier: true, Speed: 1000},
			WAN: control.Link{Name: "eth1", Present: true, Up: true},
		}, Web: control.Page{Process: control.Process{PID: 7}, Listen: []string{":443", ":80"}, PasswordSet: true,
			Fingerprint: strings.Repeat("AB:", 16) + strings.Repeat("CD:", 15) + "CD"}},
		Box: &control.Box{Slot: "b", Data: control.DataDisk, Config: control.ConfigSettings, Watchdog: "iTCO_wdt", Shell: true},
	}
}

func text(lines []Line) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.Text + "\n")
	}
	return b.String()
}

func TestScreenSays(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Known)
		want   []string
		not    []string
	}{
		"in another zone": {func(k *Known) { k.Status.Timezone = "Asia/Tokyo" }, []string{"INLINE since 1970-01-01 09:00:00 JST\n"}, nil},
		"bypass for a time": {func(k *Known) {
			k.Status.Mode, k.Status.Timezone = control.Bypass, "America/New_York"
			k.Status.Reason, k.Status.Bypass = "ordered by the operator until 00:10:00", control.Override{On: true, Until: time.Unix(600, 0)}
			k.Now = time.Unix(12, 0)
		}, []string{"BYPASS since 1969-12-31 19:00:00 EST: ordered, for 9m48s more, until 19:10:00\n"}, []string{"00:10:00"}},
		"all well": {func(*Known) {}, []string{"limpid 1.2.3, slot b\n", "INLINE since", "clients      eth0 up, 1000 Mbit/s\n", "servers      eth1 has no link",
			"address      192.0.2.10/24 on br0\n", "page         https://192.0.2.10\n",
			"certificate  SHA-256 " + strings.Repeat("AB:", 16) + "\n" + strings.Repeat(" ", 23) + strings.Repeat("CD:", 15) + "CD\n", "settings     on disk\n", "watchdog     iTCO_wdt\n", "no alarms\n", "b bypass", "s shell"}, []string{"now "}},
		"bypass": {func(k *Known) {
			k.Status.Mode, k.Status.Reason, k.Status.Bypass.On = control.Bypass, "ordered", true
		}, []string{"BYPASS since", ": ordered\n", "b end bypass  r restart  o off  s shell  reset: n network, p password, f all\n"}, []string{"INLINE"}},
		"nobody answers": {func(k *Known) { k.Status, k.Box.Phase = nil, "data" }, []string{"STARTING: the bridge forwards", "now          data\n"}, []string{"b bypass", "clients"}},
		"locked":         {func(k *Known) { k.Box.Shell = false }, []string{"r restart"}, []string{"shell"}},
		"not a box":      {func(k *Known) { k.Box = nil }, []string{"limpid 1.2.3\n"}, []string{"shell", "settings", "watchdog"}},
		"no address":     {func(k *Known) { k.Addresses = nil }, []string{"address      none yet\n", "page         waiting for an address\n"}, nil},
		"no page":        {func(k *Known) { k.Status.Web = control.Page{} }, []string{"page         none: web.listen is empty\n"}, []string{"certificate"}},
		"page is down": {func(k *Known) { k.Status.Web.Process = control.Process{LastExit: "was ended by SIGKILL"} },
			[]string{"page         does not run was ended by SIGKILL\n"}, nil},
		"pages elsewhere": {func(k *Known) {
			k.Addresses = []string{"192.0.2.10/24 on br0", "2001:db8::1/64 on br0"}
			k.Status.Web.Listen, k.Status.Web.PasswordSet = []string{"[2001:db8::1]:8443", "198.51.100.1:443"}, false
		}, []string{"page         https://[2001:db8::1]:8443 (no password yet: set one there)\n"}, []string{"198.51.100.1"}},
		"on trial":    {func(k *Known) { k.Status.Trial = &control.Trial{Left: 57} }, []string{"on trial     settings wait to be confirmed: given up in 57 s\n"}, nil},
		"no watchdog": {func(k *Known) { k.Box.Watchdog = "" }, []string{"watchdog     none"}, nil},
		"memory": {func(k *Known) { k.Box.Data, k.Box.Config = control.DataMemory, control.ConfigDefaults },
			[]string{"settings     defaults, in memory, lost with the power\n"}, nil},
		"last good, read-only": {func(k *Known) { k.Box.Data, k.Box.Config = control.DataReadOnly, control.ConfigLastGood },
			[]string{"settings     last good, read from a disk that refuses writes\n"}, nil},
		"alarms and problems": {func(k *Known) {
			k.Box.Alarms = []control.Alarm{{About: "data", Text: "broken: mend it"}}
			k.Status.Problems = []string{"log: full"}
		}, []string{"! data: broken: mend it\n! log: full\n"}, []string{"no alarms"}},
		"too many alarms": {func(k *Known) { k.Status.Problems = strings.Split(strings.Repeat("x", 20), "") }, []string{"and 12 more: limpid status\n"}, nil},
		"a question":      {func(k *Known) { k.Asking = "Sure?" }, []string{"Sure? Press y"}, []string{"r restart"}},
		"an answer":       {func(k *Known) { k.Told = "Done." }, []string{"Done.\n"}, []string{"r restart"}},
	} {
		t.Run(name, func(t *testing.T) {
			k := sample()
			c.change(&k)
			got := text(Lines(k))
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is not in\n%s", want, got)
				}
			}
			for _, not := range c.not {
				if strings.Contains(got, not) {
					t.Errorf("%q is in\n%s", not, got)
				}
			}
		})
	}
}

// Nothing is written when nothing has changed, and one line when one has.
func TestOnlyChangesAreDrawn(t *testing.T) {
	s := NewScreen(80, 24)
	k := sample()
	if first := s.Draw(Lines(k)); !strings.HasPrefix(first, wipe) || !strings.Contains(first, "INLINE") {
		t.Errorf("first: %q", first)
	}
	if again := s.Draw(Lines(k)); again != "" {
		t.Errorf("again: %q", again)
	}
	k.Box.Watchdog = ""
	if change := s.Draw(Lines(k)); strings.Count(change, "\x1b[K") != 1 || !strings.Contains(change, "none: a box") {
		t.Errorf("one change: %q", change)
	}
	k.Status.Problems = []string{"one", "two"}
	s.Draw(Lines(k))
	k.Status.Problems = nil
	if fewer := s.Draw(Lines(k)); !strings.Contains(fewer, "no alarms") || strings.Count(fewer, "\x1b[K") != 4 {
		t.Errorf("fewer lines: %q", fewer)
	}
	s.Forget()
	if anew := s.Draw(Lines(k)); !strings.HasPrefix(anew, wipe) {
		t.Errorf("anew: %q", anew)
	}
}

// What others have sent, such as a name in a problem, cannot steer the terminal; what
// is too long or too much leaves the keys where they are.
func TestScreenKeepsItsShape(t *testing.T) {
	long := strings.Repeat("word ", 60) + "\x1b[2J\x07ä"
	lines := fit([]Line{{long, Warning}, {"x", Plain}, {"keys", Dim}}, 40, 6)
	if len(lines) != 6 || lines[5].Text != "keys" {
		t.Errorf("%+v", lines)
	}
	for _, l := range fit([]Line{{long, Warning}}, 40, 100) {
		if len(l.Text) > 40 || strings.ContainsAny(l.Text, "\x1b\x07") || l.Style != Warning {
			t.Errorf("%+v", l)
		}
	}
	if got := fit([]Line{{strings.Repeat("y", 100), Plain}}, 40, 100); len(got) != 3 || got[0].Text != strings.Repeat("y", 40) {
		t.Errorf("%+v", got)
	}
}

// On 80 by 24, whatever is wrong, the mode is in the third line and the whole prompt in
// the last ones; nothing reaches the last column; and what is left out is said.
func TestEverythingWrongFitsTheScreen(t *testing.T) {
	k := sample()
	k.Status.Mode, k.Status.Reason = control.Bypass, strings.Repeat("reason ", 20)
	k.Addresses = strings.Split(strings.Repeat("2001:db8:1234:5678:9abc:def0:1234:5678/64 on br0,", 4), ",")
	for range 12 {
		k.Box.Alarms = append(k.Box.Alarms, control.Alarm{About: "data", Text: strings.Repeat("broken ", 30)})
	}
	for _, key := range append(Keys(k), Key{}) {
		k.Asking = key.Sure
		lines := fit(Lines(k), 79, 24)
		if len(lines) != 24 {
			t.Fatalf("%d lines", len(lines))
		}
		if !strings.Contains(lines[2].Text, "BYPASS since") {
			t.Errorf("third line: %s", lines[2].Text)
		}
		var joined string
		for _, l := range lines {
			if len(l.Text) > 79 {
				t.Errorf("too long: %q", l.Text)
			}
			joined += strings.TrimSpace(l.Text) + " "
		}
		if prompt := prompt(k).Text; !strings.HasSuffix(joined, prompt+" ") || !strings.Contains(joined, strings.TrimSpace(more)) {
			t.Errorf("%q is not at the end of\n%s", prompt, text(lines))
		}
	}
}
