package browser

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Program is the browser's name.
const Program = "chromium"

// Arguments are those that a headless browser for tests is started with; dir is
// where it keeps what it likes.
func Arguments(dir string) []string {
	return []string{
		"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
		"--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "--ignore-certificate-errors",
		"--remote-debugging-pipe", "--user-data-dir=" + dir, "about:blank",
	}
}

// Process is a browser that is to be started: an *exec.Cmd, or one in a namespace.
type Process interface {
	Start() error
	Wait() error
}

// Tab is a tab of a browser that runs.
type Tab struct {
	pipe    *pipe
	session string
	process Process
	cmd     *exec.Cmd
}

// Open starts a browser with one tab. process starts cmd.
func Open(ctx context.Context, process Process, cmd *exec.Cmd) (*Tab, error) {
	p, theirs, err := newPipe()
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = theirs[:]
	err = process.Start()
	_, _ = theirs[0].Close(), theirs[1].Close()
	if err != nil {
		return nil, fmt.Errorf("start browser: %w", err)
	}
	go p.read()
	t := &Tab{pipe: p, process: process, cmd: cmd}
	var target struct {
		ID string `json:"targetId"`
	}
	var attached struct {
		ID string `json:"sessionId"`
	}
	err = p.call(ctx, "", "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	if err == nil {
		err = p.call(ctx, "", "Target.attachToTarget", map[string]any{"targetId": target.ID, "flatten": true}, &attached)
	}
	t.session = attached.ID
	if err == nil {
		err = t.call(ctx, "Page.enable", nil, nil)
	}
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// closing is how long a browser may take to end its processes and to write what it likes.
const closing = 10 * time.Second

// Close ends the browser: by itself if it can, so that no process of it writes into its
// folder any more.
func (t *Tab) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	_ = t.pipe.call(ctx, "", "Browser.close", struct{}{}, nil) // it may be gone before it answers
	kill := time.AfterFunc(closing, func() { _ = t.cmd.Process.Kill() })
	defer kill.Stop()
	_ = t.process.Wait() // how it ended does not matter
	_ = t.pipe.to.Close()
	return t.pipe.from.Close()
}

func (t *Tab) call(ctx context.Context, method string, params, result any) error {
	if params == nil {
		params = struct{}{}
	}
	return t.pipe.call(ctx, t.session, method, params, result)
}

// networkChanged is Chromium's error where an address of its machine came or went while
// it connected; a person's would try again by itself.
const networkChanged = "net::ERR_NETWORK_CHANGED"

// Go opens a place; Await says when it is there.
func (t *Tab) Go(ctx context.Context, place string) error {
	for tries := 0; ; tries++ {
		var answer struct {
			Error string `json:"errorText"`
		}
		if err := t.call(ctx, "Page.navigate", map[string]any{"url": place}, &answer); err != nil {
			return err
		}
		switch {
		case answer.Error == "":
			return nil
		case answer.Error != networkChanged || tries == 10:
			return fmt.Errorf("open %s: %s", place, answer.Error)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// Eval gives the value of an expression in the page.
func (t *Tab) Eval(ctx context.Context, expression string, value any) error {
	var answer struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		Exception *struct {
			Text string `json:"text"`
		} `json:"exceptionDetails"`
	}
	err := t.call(ctx, "Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &answer)
	switch {
	case err != nil:
		return err
	case answer.Exception != nil:
		return fmt.Errorf("evaluate %s: %s", expression, answer.Exception.Text)
	case value == nil:
		return nil
	}
	if err := json.Unmarshal(answer.Result.Value, value); err != nil {
		return fmt.Errorf("evaluate %s: %w", expression, err)
	}
	return nil
}

// Choose chooses a file in the field that an expression gives.
func (t *Tab) Choose(ctx context.Context, field, file string) error {
	var answer struct {
		Result struct {
			ID string `json:"objectId"`
		} `json:"result"`
	}
	if err := t.call(ctx, "Runtime.evaluate", map[string]any{"expression": field}, &answer); err != nil {
		return err
	}
	if answer.Result.ID == "" {
		return fmt.Errorf("choose %s: %s is no field", file, field)
	}
	return t.call(ctx, "DOM.setFileInputFiles", map[string]any{"objectId": answer.Result.ID, "files": []string{file}}, nil)
}

// Await waits until a condition holds in the page, whichever page that is.
func (t *Tab) Await(ctx context.Context, condition string) error {
	for {
		var holds bool
		err := t.Eval(ctx, "document.readyState == 'complete' && !!("+condition+")", &holds)
		if err == nil && holds {
			return nil
		}
		select {
		case <-ctx.Done():
			var text string
			_ = t.Eval(context.WithoutCancel(ctx), "document.body.innerText", &text)
			return fmt.Errorf("wait for %s: %w: the page says %q", condition, errors.Join(ctx.Err(), err), text)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Script switches JavaScript of pages on or off, from the next one on.
func (t *Tab) Script(ctx context.Context, on bool) error {
	return t.call(ctx, "Emulation.setScriptExecutionDisabled", map[string]any{"value": !on}, nil)
}

// Look makes the tab so wide and high, and dark or light.
func (t *Tab) Look(ctx context.Context, width, height int, phone, dark bool) error {
	scheme, scale := "light", 1
	if dark {
		scheme = "dark"
	}
	if phone {
		scale = 2
	}
	err := t.call(ctx, "Emulation.setDeviceMetricsOverride",
		map[string]any{"width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone}, nil)
	if err != nil {
		return err
	}
	return t.call(ctx, "Emulation.setEmulatedMedia",
		map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// Picture writes what the tab shows, all of it, as PNG.
func (t *Tab) Picture(ctx context.Context, path string) error {
	var answer struct {
		Data string `json:"data"`
	}
	if err := t.call(ctx, "Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true}, &answer); err != nil {
		return err
	}
	data, err := base64.StdEncoding.DecodeString(answer.Data)
	if err != nil {
		return fmt.Errorf("read picture: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("keep picture: %w", err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("keep picture: %w", err)
	}
	return nil
}
