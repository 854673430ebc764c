package debian

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseRecords(t *testing.T) {
	got := parseRecords("Package: a\nVersion: 1:2-3\nDescription: one\n more: of it\n\nPackage: b\nDepends: x (= 1), y\n\n\n")
	want := map[string]map[string]string{
		"a": {"Package": "a", "Version": "1:2-3", "Description": "one"},
		"b": {"Package": "b", "Depends": "x (= 1), y"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func TestImagePackage(t *testing.T) {
	for depends, want := range map[string]string{
		"linux-image-6.12.1-amd64 (= 6.12.1-1)":           "linux-image-6.12.1-amd64",
		"kmod, linux-image-6.12.1-amd64 (= 1), initramfs": "linux-image-6.12.1-amd64",
		"kmod": "",
		"":     "",
	} {
		if got, ok := imagePackage(depends); got != want || ok != (want != "") {
			t.Errorf("imagePackage(%q) = %q, %v", depends, got, ok)
		}
	}
}
