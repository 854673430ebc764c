package web

import "net/http"

// apiPrefix stands before the paths of the control API.
const apiPrefix = "/api"

// Bounds of what a call may send, in bytes: what the control API takes.
const (
	maxCall     = 64 << 10
	maxTextCall = 2 << 20 // with a text of settings in it
)

// apiCall is a call of the control API that is passed on.
type apiCall struct {
	method, path string // as openapi.yaml has them
	who          scope
	most         int64 // bytes of its body; 0: it is a file of any size
}

// apiCalls are all that pass. What is not here does not: the hashes of the passwords,
// and the tokens, which nobody makes by a token.
func apiCalls() []apiCall {
	return []apiCall{
		{http.MethodGet, "/v1/status", readers, maxCall},
		{http.MethodPost, "/v1/bypass", owners, maxCall},
		{http.MethodGet, "/v1/flows", readers, maxCall},
		{http.MethodPost, "/v1/flows/{id}/reset", owners, maxCall},
		{http.MethodGet, "/v1/rules", readers, maxCall},
		{http.MethodGet, "/v1/neighbours", readers, maxCall},
		{http.MethodGet, "/v1/log", readers, maxCall},
		{http.MethodGet, "/v1/history", readers, maxCall},
		{http.MethodGet, "/v1/metrics", readers, maxCall},
		{http.MethodGet, "/v1/settings", readers, maxCall},
		{http.MethodPost, "/v1/settings/edit", owners, maxTextCall},
		{http.MethodPost, "/v1/settings/review", owners, maxTextCall},
		{http.MethodPost, "/v1/settings/apply", owners, maxTextCall},
		{http.MethodPost, "/v1/settings/confirm", owners, maxCall},
		{http.MethodPost, "/v1/settings/undo", owners, maxCall},
		{http.MethodGet, "/v1/settings/history", readers, maxCall},
		{http.MethodGet, "/v1/settings/history/{number}", readers, maxCall},
		{http.MethodPost, "/v1/reset", owners, maxCall},
		{http.MethodGet, "/v1/update", readers, maxCall},
		{http.MethodPut, "/v1/update/bundle", owners, 0},
		{http.MethodPost, "/v1/update/back", owners, maxCall},
		{http.MethodPost, "/v1/update/reboot", owners, maxCall},
		{http.MethodPut, "/v1/update/reboot", owners, maxCall},
		{http.MethodDelete, "/v1/update/reboot", owners, maxCall},
		{http.MethodGet, "/v1/log/top", readers, maxCall},
		{http.MethodGet, "/v1/log/heads", owners, maxCall},
		{http.MethodPut, "/v1/log/heads", owners, maxCall},
		{http.MethodDelete, "/v1/log/heads", owners, maxCall},
		{http.MethodPost, "/v1/log/heads/stop", owners, maxCall},
		{http.MethodGet, "/v1/drill", readers, maxCall},
		{http.MethodPost, "/v1/drill", owners, maxCall},
		{http.MethodGet, "/v1/capture", owners, maxCall},
		{http.MethodPost, "/v1/capture", owners, maxCall},
		{http.MethodDelete, "/v1/capture/{id}", owners, maxCall},
		{http.MethodPost, "/v1/capture/{id}/stop", owners, maxCall},
		{http.MethodGet, captureFile, owners, maxCall},
		{http.MethodPut, "/v1/clock", owners, maxCall},
		{http.MethodGet, "/v1/doctor", readers, maxCall},
		{http.MethodGet, "/v1/doctor/flow", readers, maxCall},
		{http.MethodGet, "/v1/doctor/ladder", owners, maxCall},
		{http.MethodPost, "/v1/doctor/ladder", owners, maxCall},
		{http.MethodGet, "/v1/openapi.yaml", readers, maxCall},
	}
}
