package control

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

func TestBoxIsToldThroughTheRunDirectory(t *testing.T) {
	dir := t.TempDir()
	if b := ReadBox(dir); b != nil {
		t.Errorf("a host is a box: %+v", b)
	}
	want := Box{Slot: "a", Phase: "data", Phases: []Phase{{"mounts", 0.5, 0.1, "none"}}, Data: DataMemory, Config: ConfigDefaults,
		Watchdog: "iTCO_wdt", Clock: "rtc", Shell: true, Alarms: []Alarm{{"data", "broken", time.Unix(1, 0).UTC()}}}
	if err := WriteBox(dir, want); err != nil {
		t.Fatal(err)
	}
	if got := ReadBox(dir); got == nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if err := os.WriteFile(filepath.Join(dir, boxName), []byte("{torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if b := ReadBox(dir); b != nil {
		t.Errorf("a torn file says %+v", b)
	}
	if err := WriteBox(filepath.Join(dir, "none"), want); err == nil {
		t.Error("written to nowhere")
	}
}
