package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"time"
)

//go:embed assets
var embedded embed.FS

// assets are the files of the page. They have the digest of their contents in their
// addresses, so that browsers may keep them for good and never show old ones.
type assets struct {
	page    *template.Template
	files   map[string][]byte
	address map[string]string
}

// digestLength is enough to tell the versions of a file apart.
const digestLength = 12

func loadAssets() (assets, error) {
	a := assets{files: make(map[string][]byte), address: make(map[string]string)}
	var err error
	if a.page, err = template.ParseFS(embedded, "assets/*.html"); err != nil {
		return a, fmt.Errorf("read page: %w", err)
	}
	for _, name := range []string{"style.css", "live.js", "countdown.js", "pulse.js", "drill.js", "log.js", "settings.js", "confirm.js", "update.js", "capture.js", "ladder.js", "start.js", "icon.svg"} {
		data, err := embedded.ReadFile("assets/" + name)
		if err != nil {
			return a, fmt.Errorf("read page: %w", err)
		}
		sum := sha256.Sum256(data)
		a.files[name], a.address[name] = data, "/"+name+"?"+hex.EncodeToString(sum[:])[:digestLength]
	}
	return a, nil
}

func (a assets) serve(w http.ResponseWriter, r *http.Request) {
	name := path.Base(r.URL.Path)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(a.files[name]))
}
