package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// A browser in which the owner has logged in once is known by a cookie from then on, until the password is another one.
// It is no session and lets nobody in: its tries are counted by themselves, so that whoever guesses from the owner's own
// address, and takes every turn that the limiter gives that address, does not keep the owner out.
const (
	knownName = "__Host-limpid-known"
	knownLife = 365 * 24 * 3600 // s
)

// sealOf proves that a browser's name was given to it by who knew the password with that hash.
func sealOf(name, hash string) string {
	key := sha256.Sum256([]byte("limpid known browser " + hash))
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(name))
	return hex.EncodeToString(mac.Sum(nil))
}

// knownBrowser is the name of the browser that asks, if the owner of a password with that hash has logged in with it.
func knownBrowser(r *http.Request, hash string) (name string, ok bool) {
	cookie, err := r.Cookie(knownName)
	if err != nil || hash == "" {
		return "", false
	}
	name, seal, _ := strings.Cut(cookie.Value, ".")
	return name, hmac.Equal([]byte(seal), []byte(sealOf(name, hash)))
}

// rememberBrowser has a browser known by that password. It keeps the name it has.
func rememberBrowser(w http.ResponseWriter, r *http.Request, hash string) {
	name, ok := knownBrowser(r, hash)
	if !ok {
		name = rand.Text()
	}
	http.SetCookie(w, &http.Cookie{
		Name: knownName, Value: name + "." + sealOf(name, hash), Path: "/", MaxAge: knownLife, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

// turnOf is by what the tries of who asks are counted: the browser if it is known, else where it is.
func turnOf(r *http.Request, hash string) string {
	if name, ok := knownBrowser(r, hash); ok {
		return "browser " + name
	}
	return neighbour(r.RemoteAddr).String()
}
