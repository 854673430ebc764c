package browser

import (
	"context"
	"slices"
)

// Tabs presses the key that goes to what can be used next.
func (t *Tab) Tabs(ctx context.Context) error {
	for _, kind := range []string{"rawKeyDown", "keyUp"} {
		key := map[string]any{"type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
		if err := t.call(ctx, "Input.dispatchKeyEvent", key, nil); err != nil {
			return err
		}
	}
	return nil
}

// Nameless gives the roles of what can be used, or looked at, and has no name that a screen reader could say.
func (t *Tab) Nameless(ctx context.Context) ([]string, error) {
	type value struct{ Value any }
	var tree struct {
		Nodes []struct {
			Ignored    bool
			Role, Name value
		}
	}
	if err := t.call(ctx, "Accessibility.getFullAXTree", map[string]any{}, &tree); err != nil {
		return nil, err
	}
	spoken := []any{"button", "link", "textbox", "searchbox", "spinbutton", "checkbox", "radio", "combobox", "listbox", "image", "img", "progressbar", "DateTime"}
	var all []string
	for _, n := range tree.Nodes {
		if role, ok := n.Role.Value.(string); ok && !n.Ignored && slices.Contains(spoken, any(role)) && (n.Name.Value == nil || n.Name.Value == "") {
			all = append(all, role)
		}
	}
	return all, nil
}
