package supervise

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/appliance/settings"
)

// runOn is run for a box that may start anew.
func (b *box) runOn(t *testing.T) {
	t.Helper()
	b.options.SettingsPath = b.options.ConfigPath
	o := b.options
	o.Settings = openSettings(o, func() time.Time { return time.Now().Add(time.Duration(b.ahead.Load())) })
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- runOn(ctx, o) }()
	b.client = control.NewClient(b.options.RunDir)
	b.stop = sync.OnceValue(func() error {
		b.client.Close()
		cancel()
		return <-done
	})
	t.Cleanup(func() {
		if err := b.stop(); err != nil {
			t.Errorf("run: %v", err)
		}
		if t.Failed() {
			t.Log(b.log)
		}
	})
	b.await(t, "inline", isInline)
}

func (b *box) text(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(b.options.ConfigPath)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// outcomes of the history, the newest first.
func (b *box) outcomes(t *testing.T) string {
	t.Helper()
	h, err := b.client.SettingsHistory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, v := range h.Versions {
		all = append(all, v.Outcome)
	}
	return strings.Join(all, ", ")
}

// set gives the text with some keys changed.
func (b *box) set(t *testing.T, values map[string]string) string {
	t.Helper()
	edited, err := b.client.EditSettings(t.Context(), control.SettingsEdit{Text: b.text(t), Set: values})
	if err != nil {
		t.Fatal(err)
	}
	return edited.Text
}

func (b *box) value(t *testing.T, key string) string {
	t.Helper()
	s, err := b.client.Settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range s.Keys {
		if k.Key == key {
			return k.Value
		}
	}
	t.Fatalf("no key %s", key)
	return ""
}

// What cuts nobody off and can change while limpid runs is in effect at once.
func TestSettingsAtOnce(t *testing.T) {
	b := newBox(t)
	b.runOn(t)
	before := b.text(t)
	fresh := b.set(t, map[string]string{"proxy.non_http": `"reset"`})
	review, err := b.client.ReviewSettings(t.Context(), fresh)
	if err != nil || review.Confirm || review.Restart || len(review.Problems) != 0 || len(review.Changes) != 1 || review.Changes[0].New != `"reset"` {
		t.Errorf("%+v, %v", review, err)
	}
	now, err := b.client.Settings(t.Context())
	if err != nil || now.Text != before || now.Digest != settings.Digest(before) || now.Trial != nil {
		t.Errorf("%+v, %v", now, err)
	}
	applied, err := b.client.ApplySettings(t.Context(), control.SettingsChange{Text: fresh, Base: now.Digest, Who: "10.0.0.1", Note: "why"})
	if err != nil || applied.Version != 2 || applied.Token != "" || applied.Restart {
		t.Errorf("%+v, %v", applied, err)
	}
	if got := b.capture.inEffect().Proxy.NonHTTP; got != config.NonHTTPReset {
		t.Errorf("in effect is %q", got)
	}
	if b.text(t) != fresh || b.value(t, "proxy.non_http") != `"reset"` {
		t.Errorf("the file is %q", b.text(t))
	}
	// Who edited what is no longer there is told so, overwrites nothing, and ends nobody's flow for it.
	if _, err := b.client.ApplySettings(t.Context(), control.SettingsChange{Text: before, Base: now.Digest}); err == nil || !strings.Contains(err.Error(), "changed meanwhile") {
		t.Errorf("an old base: %v", err)
	}
	if taken := strings.Count(b.log.String(), "configuration is taken over"); taken != 1 {
		t.Errorf("configurations were taken over %d times, want once", taken)
	}
	v, err := b.client.SettingsVersion(t.Context(), 2)
	if err != nil || v.Text != fresh || v.Who != "10.0.0.1" || v.Note != "why" {
		t.Errorf("%+v, %v", v, err)
	}
	if _, err := b.client.SettingsVersion(t.Context(), 9); err == nil {
		t.Error("a version that never was")
	}
	if got := b.outcomes(t); got != "kept, found" {
		t.Errorf("history: %s", got)
	}
}

// A list that is added to keeps what is in it, and its comments.
func TestSettingsAddedTo(t *testing.T) {
	b := newBox(t)
	b.runOn(t)
	add := func(set map[string]string, values ...string) string {
		edited, err := b.client.EditSettings(t.Context(), control.SettingsEdit{Text: b.text(t), Set: set, Add: map[string][]string{"intercept.bypass": values}})
		if err != nil {
			t.Fatal(err)
		}
		return edited.Text
	}
	apply := func(text string) {
		if applied, err := b.client.ApplySettings(t.Context(), control.SettingsChange{Text: text}); err != nil || applied.Restart || applied.Trial != nil {
			t.Fatalf("%+v, %v", applied, err)
		}
	}
	before := b.text(t)
	apply(add(map[string]string{"intercept.bypass": "[\n  # none\n]"}, `{server = "192.0.2.0/24"}`))
	apply(strings.Replace(b.text(t), "},\n", "}, # the mirror\n", 1))
	apply(add(nil, `{client = "10.0.0.7"}`, `{server = "2001:db8::1"}`))
	want := "bypass = [\n  # none\n    {server = \"192.0.2.0/24\"}, # the mirror\n    {client = \"10.0.0.7\"},\n    {server = \"2001:db8::1\"},\n]\n"
	if got := b.text(t); !strings.Contains(got, want) || !strings.HasPrefix(got, strings.TrimSuffix(before, "\n")) {
		t.Errorf("the file is %q", got)
	}
	now, err := b.client.Settings(t.Context())
	if err != nil || len(now.Bypass) != 3 || now.Bypass[1].Client.String() != "10.0.0.7/32" || now.Bypass[1].Server.IsValid() || now.Bypass[2].Server.String() != "2001:db8::1/128" {
		t.Errorf("%+v, %v", now.Bypass, err)
	}
	if got := b.capture.inEffect().Intercept.Bypass; len(got) != 3 {
		t.Errorf("in effect is %v", got)
	}
	if _, err := b.client.EditSettings(t.Context(), control.SettingsEdit{Add: map[string][]string{"proxy.port": {"1"}}}); err == nil || !strings.Contains(err.Error(), "no list") {
		t.Errorf("added to a number: %v", err)
	}
}

// A mistake changes nothing, and is named with its place.
func TestSettingsWithMistakes(t *testing.T) {
	b := newBox(t)
	b.runOn(t)
	before := b.text(t)
	bad := before + "vai = true\n[bridge]\n"
	review, err := b.client.ReviewSettings(t.Context(), bad)
	if err != nil || len(review.Problems) == 0 || review.Problems[0].Line == 0 {
		t.Errorf("%+v, %v", review, err)
	}
	if _, err := b.client.ApplySettings(t.Context(), control.SettingsChange{Text: bad}); err == nil || !strings.Contains(err.Error(), "limpid.toml:") {
		t.Errorf("applied: %v", err)
	}
	for _, set := range []map[string]string{{"proxy.prot": "1"}, {"proxy.port": "1\nvia = true"}, {"proxy.port": ""}} {
		if _, err := b.client.EditSettings(t.Context(), control.SettingsEdit{Text: before, Set: set}); err == nil {
			t.Errorf("%v was set", set)
		}
	}
	if _, err := b.client.ApplySettings(t.Context(), control.SettingsChange{Text: before, Window: control.Duration(time.Second)}); err == nil {
		t.Error("a window of a second")
	}
	if _, err := b.client.ConfirmSettings(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "no change waits") {
		t.Errorf("confirmed: %v", err)
	}
	if _, err := b.client.UndoSettings(t.Context()); err == nil || !strings.Contains(err.Error(), "no change waits") {
		t.Errorf("undone: %v", err)
	}
	if b.text(t) != before || b.outcomes(t) != "" {
		t.Errorf("the file is %q, the history %s", b.text(t), b.outcomes(t))
	}
	// The kernel may refuse what the file may say.
	b.capture.set(errors.New("install tables limpid: no space"))
	if _, err := b.client.ApplySettings(t.Context(), control.SettingsChange{Text: b.set(t, map[string]string{"intercept.ports": "[80, 8080]"})}); err == nil || !strings.Contains(err.Error(), "no space") {
		t.Errorf("applied: %v", err)
	}
	if b.text(t) != before {
		t.Errorf("the file is %q", b.text(t))
	}
	b.capture.set(nil)
	b.await(t, "inline", isInline)
}

// What could cut somebody off starts limpid anew, and is kept when it is confirmed.
func TestSettingsOnTrial(t *testing.T) {
	b := newBox(t)
	leased := make(chan struct{})
	b.options.KeepAddress = func(ctx context.Context, c *config.Config, wire Wire, _ <-chan struct{}, _ *slog.Logger) {
		if c.Management.Address.IsValid() {
			<-leased
			_ = wire.SetAddress(ctx, c.Management.Address, c.Management.Gateway)
		}
	}
	b.runOn(t)
	before := b.text(t)
	if _, err := b.client.SetBypass(t.Context(), true, time.Hour); err != nil {
		t.Fatal(err)
	}
	old := b.await(t, "bypass", func(s control.Status) bool { return s.Mode == control.Bypass && s.Gate.PID != 0 })
	fresh := b.set(t, map[string]string{"management.address": `"192.0.2.10/24"`})
	review, err := b.client.ReviewSettings(t.Context(), fresh)
	if err != nil || !review.Confirm || !review.Restart {
		t.Errorf("%+v, %v", review, err)
	}
	applied, err := b.client.ApplySettings(t.Context(), control.SettingsChange{Text: fresh, Who: "10.0.0.1"})
	if err != nil || applied.Token == "" || applied.Trial == nil || applied.Trial.Left < 80 || !applied.Restart || applied.Version != 0 {
		t.Fatalf("%+v, %v", applied, err)
	}
	// What nobody has tried cannot be kept: neither before limpid has started with it, nor from the address of before.
	if _, err := b.client.ConfirmSettings(t.Context(), applied.Token); err == nil || control.Refused(err) || !strings.Contains(err.Error(), "still starting") {
		t.Errorf("confirmed at once: %v", err)
	}
	// A person's bypass outlives it.
	b.await(t, "another gate", func(s control.Status) bool {
		return s.Gate.PID != 0 && s.Gate.PID != old.Gate.PID && s.Mode == control.Bypass && s.Bypass.On && s.Trial != nil && s.Trial.Who == "10.0.0.1"
	})
	if b.text(t) != before {
		t.Errorf("before it is confirmed the file is %q", b.text(t))
	}
	now, err := b.client.Settings(t.Context())
	if err != nil || now.Trial == nil || now.Trial.Text != fresh || now.Text != before {
		t.Errorf("%+v, %v", now, err)
	}
	// Neither another change nor a signal gets in between.
	if _, err := b.client.ApplySettings(t.Context(), control.SettingsChange{Text: b.set(t, map[string]string{"proxy.non_http": `"reset"`})}); err == nil || !strings.Contains(err.Error(), "waits to be confirmed") {
		t.Errorf("another change: %v", err)
	}
	if _, err := b.client.ConfirmSettings(t.Context(), applied.Token+"x"); err == nil {
		t.Error("another token confirms it")
	}
	if _, err := b.client.ConfirmSettings(t.Context(), applied.Token); err == nil || control.Refused(err) || !strings.Contains(err.Error(), "does not have its new address") {
		t.Errorf("confirmed without the address: %v", err)
	}
	close(leased)
	var v control.SettingsVersion
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if v, err = b.client.ConfirmSettings(t.Context(), applied.Token); err == nil || control.Refused(err) || time.Now().After(deadline) {
			break
		}
	}
	if err != nil || v.Outcome != "kept" || v.Text != "" {
		t.Errorf("%+v, %v", v, err)
	}
	if b.text(t) != fresh || b.outcomes(t) != "kept, found" {
		t.Errorf("the file is %q, the history %s", b.text(t), b.outcomes(t))
	}
}

func TestSettingsOnTrialAreUndone(t *testing.T) {
	b := newBox(t)
	b.runOn(t)
	before := b.text(t)
	gate := b.await(t, "inline", isInline).Gate.PID
	if _, err := b.client.ApplySettings(t.Context(), control.SettingsChange{Text: b.set(t, map[string]string{"bridge.vlans": "[7]"})}); err != nil {
		t.Fatal(err)
	}
	tried := b.await(t, "another gate", func(s control.Status) bool { return isInline(s) && s.Gate.PID != gate })
	if v, err := b.client.UndoSettings(t.Context()); err != nil || v.Outcome != "undone" {
		t.Errorf("%+v, %v", v, err)
	}
	b.await(t, "yet another gate", func(s control.Status) bool { return isInline(s) && s.Gate.PID != tried.Gate.PID })
	if b.text(t) != before || b.value(t, "bridge.vlans") != "[]" || b.outcomes(t) != "undone" {
		t.Errorf("the file is %q, the history %s", b.text(t), b.outcomes(t))
	}
}

// A supervisor that dies in a trial comes back with what holds.
func TestSettingsOnTrialAreNotKeptByARestart(t *testing.T) {
	b := newBox(t)
	b.runOn(t)
	gate := b.await(t, "inline", isInline).Gate.PID
	if _, err := b.client.ApplySettings(t.Context(), control.SettingsChange{Text: b.set(t, map[string]string{"bridge.vlans": "[7]"})}); err != nil {
		t.Fatal(err)
	}
	b.await(t, "another gate", func(s control.Status) bool { return isInline(s) && s.Gate.PID != gate })
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	b.runOn(t)
	now, err := b.client.Settings(t.Context())
	if err != nil || now.Trial != nil || b.outcomes(t) != "restarted" || strings.Contains(b.text(t), "[7]") {
		t.Errorf("%+v, %v, history %s", now.Trial, err, b.outcomes(t))
	}
}

// Settings with which limpid cannot even start are given up at once.
func TestSettingsThatCannotStart(t *testing.T) {
	b := newBox(t)
	open := b.options.OpenWire
	b.options.OpenWire = func(ctx context.Context, c *config.Config, log *slog.Logger) (Wire, error) {
		if c.Bridge.Name == "br9" {
			return nil, errors.New("make bridge br9: not today")
		}
		return open(ctx, c, log)
	}
	b.runOn(t)
	before := b.text(t)
	if _, err := b.client.ApplySettings(t.Context(), control.SettingsChange{Text: b.set(t, map[string]string{"bridge.name": `"br9"`})}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if h, err := b.client.SettingsHistory(t.Context()); err == nil && len(h.Versions) == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it is not given up")
		}
	}
	b.await(t, "inline", isInline)
	if b.text(t) != before || b.outcomes(t) != "failed" {
		t.Errorf("the file is %q, the history %s", b.text(t), b.outcomes(t))
	}
}

// Settings that nobody has to confirm, and with which limpid cannot start, leave those of before.
func TestKeptSettingsThatCannotStart(t *testing.T) {
	b := newBox(t)
	open := b.options.OpenCapture
	b.options.OpenCapture = func(ctx context.Context, c *config.Config, idle time.Duration, log *slog.Logger) (Capture, error) {
		if c.Intercept.Handshake == config.HandshakeMirror {
			return nil, errors.New("intercept.handshake is mirror: this kernel cannot")
		}
		return open(ctx, c, idle, log)
	}
	b.runOn(t)
	before := b.text(t)
	applied, err := b.client.ApplySettings(t.Context(), control.SettingsChange{Text: b.set(t, map[string]string{"intercept.handshake": `"mirror"`}), Who: "10.0.0.1"})
	if err != nil || applied.Token != "" || !applied.Restart {
		t.Fatalf("%+v, %v", applied, err)
	}
	for deadline := time.Now().Add(20 * time.Second); b.text(t) != before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the settings of before do not come back")
		}
	}
	b.await(t, "inline", isInline)
	if got := b.outcomes(t); got != "kept, kept, found" {
		t.Errorf("history: %s", got)
	}
	if v, err := b.client.SettingsVersion(t.Context(), 3); err != nil || v.Who != "limpid" || !strings.Contains(v.Note, "this kernel cannot") {
		t.Errorf("%+v, %v", v, err)
	}
}

// The end of the time gives a change up, whether it needed a new start or not.
func TestSettingsAreNotConfirmed(t *testing.T) {
	for key, value := range map[string]string{"bridge.vlans": "[7]", "web.listen": `["192.0.2.10:443"]`} {
		b := newBox(t)
		b.runOn(t)
		before := b.text(t)
		applied, err := b.client.ApplySettings(t.Context(), control.SettingsChange{Text: b.set(t, map[string]string{key: value})})
		if err != nil || applied.Token == "" || applied.Restart != (key == "bridge.vlans") {
			t.Fatalf("%s: %+v, %v", key, applied, err)
		}
		b.ahead.Store(int64(settings.DefaultWindow))
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			if h, err := b.client.SettingsHistory(t.Context()); err == nil && len(h.Versions) == 1 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s is not given up", key)
			}
		}
		b.await(t, "inline", isInline)
		if b.text(t) != before || b.outcomes(t) != "not confirmed" || b.value(t, key) != "[]" {
			t.Errorf("%s: the file is %q, the history %s", key, b.text(t), b.outcomes(t))
		}
		if err := b.stop(); err != nil {
			t.Error(err)
		}
	}
}
