package grub

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestConfigurationParses(t *testing.T) {
	if out, err := exec.CommandContext(t.Context(), "grub-script-check", "grub.cfg").CombinedOutput(); err != nil {
		t.Errorf("grub-script-check: %v\n%s", err, out)
	}
}

// Every command of the configuration must come from a module that is packed: GRUB has nothing to load one from.
func TestModulesCoverTheConfiguration(t *testing.T) {
	provided := map[string]string{}
	list, err := os.ReadFile(filepath.Join(ModuleDir, "command.lst"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		command, module, _ := strings.Cut(strings.TrimSpace(line), ": ")
		provided[strings.TrimPrefix(command, "*")] = module
	}
	packed := " " + strings.Join(modules(), " ") + " "
	functions := "read_env spend start "
	checked := 0
	for line := range strings.Lines(string(config)) {
		line, _, _ = strings.Cut(line, "#")
		for part := range strings.SplitSeq(line, ";") {
			words := strings.Fields(part)
			for len(words) > 0 && strings.Contains("if elif then else fi do done function }", words[0]) {
				words = words[1:]
			}
			if len(words) == 0 || words[0] == "for" || words[0] == "return" || strings.Contains(words[0], "=") || strings.Contains(functions, words[0]+" ") {
				continue
			}
			command := words[0]
			module, ok := provided[command]
			if !ok {
				t.Errorf("line %q: GRUB has no command %q", strings.TrimSpace(line), command)
				continue
			}
			checked++
			if !strings.Contains(packed, " "+module+" ") {
				t.Errorf("command %q comes from module %s, which is not packed", command, module)
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d commands were looked at", checked)
	}
}

func TestMake(t *testing.T) {
	when := time.Unix(1767225600, 0)
	first, err := Make(t.Context(), ModuleDir, when)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Make(t.Context(), ModuleDir, when)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("two runs differ")
	}
	if !bytes.HasPrefix(first, []byte("MZ")) {
		t.Error("it is no UEFI program")
	}
	_, err = Make(t.Context(), t.TempDir(), when)
	if err == nil || !strings.Contains(err.Error(), "install grub-efi-amd64-bin") {
		t.Errorf("without GRUB: error %v, want one that says what to install", err)
	}
}

func TestEnvironment(t *testing.T) {
	block, err := FirstEnv()
	if err != nil {
		t.Fatal(err)
	}
	if len(block) != EnvSize {
		t.Errorf("the block has %d bytes", len(block))
	}
	file := filepath.Join(t.TempDir(), "bootenv")
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "grub-editenv", file, "list").CombinedOutput()
	if want := "order=ab\nleft_a=8\nleft_b=8\n"; err != nil || string(out) != want {
		t.Errorf("grub-editenv lists %q (%v), want %q", out, err, want)
	}
}

func TestEnvironmentRefuses(t *testing.T) {
	for _, v := range []Variable{
		{"", "x"}, {"a=b", "x"}, {"a", "x\ny"}, {"a", `x\y`}, {"#a", "x"},
		{"a", strings.Repeat("x", 512-len(envHead)-len("a=\n")+1)},
	} {
		if _, err := Env(v); err == nil {
			t.Errorf("%q=%q was written", v.Name, v.Value)
		}
	}
	if _, err := Env(Variable{"a", strings.Repeat("x", 512-len(envHead)-len("a=\n"))}); err != nil {
		t.Errorf("a full sector: %v", err)
	}
}
