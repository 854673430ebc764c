package bundle

import "testing"

func TestVersionsInOrder(t *testing.T) {
	order := []string{
		"0.0.1", "0.9.0", "0.10.0", "1.0.0-1", "1.0.0-2", "1.0.0-10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
		"1.0.0-beta", "1.0.0-rc.1", "1.0.0-rc.1-3-gabcdef0", "1.0.0-rc.1.1", "1.0.0", "v1.0.0-2-gabcdef0", "1.0.0-11-gabcdef0-dirty", "1.0.1-rc", "1.0.1", "2.0.0", "999999999.0.0",
	}
	var zero Version
	for i, left := range order {
		v, err := ParseVersion(left)
		if err != nil || v.String() != left {
			t.Fatalf("%v, %v", v, err)
		}
		if zero.Compare(v) >= 0 {
			t.Errorf("no version is not older than %s", left)
		}
		for j, right := range order {
			w, err := ParseVersion(right)
			if err != nil {
				t.Fatal(err)
			}
			if c := v.Compare(w); c < 0 != (i < j) || c > 0 != (i > j) {
				t.Errorf("%s compared with %s: %d", left, right, c)
			}
		}
	}
}

func TestVersionsThatAreEqual(t *testing.T) {
	for left, right := range map[string]string{"v1.2.3": "1.2.3", "1.2.3+build": "1.2.3", "1.2.3-dirty": "1.2.3"} {
		v, err := ParseVersion(left)
		if err != nil {
			t.Fatal(err)
		}
		if w, err := ParseVersion(right); err != nil || v.Compare(w) != 0 {
			t.Errorf("%s and %s: %v", left, right, err)
		}
	}
}

func TestNoVersions(t *testing.T) {
	for _, text := range []string{"", "unknown", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.03", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "1.2.x", "fd89c03-dirty", "1.2.3 ", "1234567890.0.0", "1.2.3-a\n", "-1.2.3"} {
		if v, err := ParseVersion(text); err == nil {
			t.Errorf("%q is read as %+v", text, v)
		}
	}
}
