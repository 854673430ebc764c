package buildroot

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseFragment(t *testing.T) {
	got, err := ParseFragment("# A comment about CONFIG_A.\n\nCONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=\"a \\\"b\"\nCONFIG_D=-1\nCONFIG_E=0x1F\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []Option{
		{Name: "CONFIG_A", Value: "y", Line: 3},
		{Name: "CONFIG_B", Line: 4},
		{Name: "CONFIG_C", Value: `"a \"b"`, Line: 5},
		{Name: "CONFIG_D", Value: "-1", Line: 6},
		{Name: "CONFIG_E", Value: "0x1F", Line: 7},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

func TestParseFragmentRefuses(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"CONFIG_A=y\n\nCONFIG_B=m\n", `line 3: "CONFIG_B=m": there are no modules`},
		{"CONFIG_A=n\n", `line 1: "CONFIG_A=n": write "# CONFIG_X is not set"`},
		{"CONFIG_A=y \n", "remove the space"},
		{"CONFIG_A = y\n", "neither an option nor a comment"},
		{"CONFIG_A=yes\n", "neither an option nor a comment"},
		{"CONFIG_A=\n", "neither an option nor a comment"},
		{"CONFIG_A=\"b\n", "neither an option nor a comment"},
		{"BRIDGE=y\n", "neither an option nor a comment"},
		{"#CONFIG_A is not set\n", "or remove it"},
		{"# CONFIG_A is not set.\n", "or remove it"},
		{"# CONFIG_A=y\n", "or remove it"},
		{"CONFIG_A=y\n# CONFIG_A is not set\n", "line 2: CONFIG_A stands on line 1 already"},
	} {
		_, err := ParseFragment(test.text)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, not %q", test.text, err, test.want)
		}
	}
}

// The fragments of the box can be read, and say what the rest of limpid counts on.
func TestFragments(t *testing.T) {
	for name, want := range map[string][]string{
		"linux.fragment": {
			"CONFIG_BRIDGE=y", "CONFIG_NF_TABLES_BRIDGE=y", "CONFIG_NF_TABLES_INET=y", "CONFIG_NFT_BRIDGE_META=y",
			"CONFIG_NFT_TPROXY=y", "CONFIG_NFT_SOCKET=y", "CONFIG_NFT_QUEUE=y", "CONFIG_NETFILTER_NETLINK_QUEUE=y",
			"CONFIG_IP_MULTIPLE_TABLES=y", "CONFIG_IPV6_MULTIPLE_TABLES=y", "CONFIG_VLAN_8021Q=y", "CONFIG_PACKET=y",
			"CONFIG_RD_ZSTD=y", "# CONFIG_MODULES is not set", "# CONFIG_BRIDGE_NETFILTER is not set",
		},
		"busybox.fragment": {"CONFIG_ASH=y", "# CONFIG_FEATURE_SUID is not set", "# CONFIG_INIT is not set"},
	} {
		options, err := ParseFragment(read(t, "board/limpid/x86_64/"+name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		lines := map[string]bool{}
		for _, option := range options {
			lines[option.String()] = true
		}
		for _, line := range want {
			if !lines[line] {
				t.Errorf("%s: no line %q", name, line)
			}
		}
	}
}
