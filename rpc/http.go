package rpc

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/processmanager/processmanager/rpc/page"
	"github.com/processmanager/processmanager/supervisor"
)

// Handler serves POST /rpc, GET /rpc (WebSocket), GET /openrpc.json and the page at /.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/rpc", func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost:
			s.serveCall(w, r)
		case http.MethodGet:
			s.serveWebSocket(w, r)
		default:
			notAllowed(w, "GET, POST, OPTIONS", "cannot call by "+clip(r.Method)+": use POST, or GET for a WebSocket")
		}
	})
	mux.HandleFunc("/openrpc.json", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			notAllowed(w, "GET, HEAD, OPTIONS", "cannot show the document by "+clip(r.Method)+": use GET")
			return
		}
		if who := s.authorized(w, r); who != nil {
			reply(w, http.StatusOK, []byte(s.document.pretty()))
		}
	})
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			notAllowed(w, "GET, HEAD, OPTIONS", "cannot show the page by "+clip(r.Method)+": use GET; calls go to /rpc")
			return
		}
		page.Serve(w, r)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusNotFound, newError(CodeInvalidRequest, "there is nothing here: a page is at /, the API at /rpc, its description at /openrpc.json"))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The server reads the rest of a body also behind an answer that did not want
		// it, so every request has its time from the beginning. (A recorder in a test
		// has no deadlines, and is fine without.)
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTimeout))
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		if err := s.checkBrowser(r); err != nil {
			fail(w, http.StatusForbidden, newError(codeOf(supervisor.ErrForbidden), "%v: %v", supervisor.ErrForbidden, err))
			return
		}
		allowOrigin(w, r)
		if r.Method == http.MethodOptions {
			preflight(w)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// serveCall answers one HTTP body.
func (s *Server) serveCall(w http.ResponseWriter, r *http.Request) {
	who := s.authorized(w, r)
	if who == nil {
		return
	}
	// A web page can post text/plain anywhere without asking; it cannot post JSON.
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		fail(w, http.StatusUnsupportedMediaType, newError(CodeInvalidRequest, "cannot read the request: its Content-Type is not application/json"))
		return
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		fail(w, http.StatusUnsupportedMediaType, newError(CodeInvalidRequest, "cannot read the request: Content-Encoding %s is not supported", clip(coding)))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMessage))
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		fail(w, http.StatusRequestEntityTooLarge, newError(CodeInvalidRequest, "cannot read the request: it is longer than %d bytes", maxMessage))
		return
	case err != nil:
		fail(w, http.StatusBadRequest, newError(CodeParse, "cannot read the request: %v", err))
		return
	}
	known(r.Context()) // not before: requests that never come to an end would keep out everybody
	ctl := http.NewResponseController(w)
	_ = ctl.SetReadDeadline(time.Time{}) // the call may take longer
	out := who.answer(r.Context(), parseFrame(body))
	_ = ctl.SetWriteDeadline(time.Now().Add(writeTimeout))
	if out == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	reply(w, http.StatusOK, append(out, '\n'))
}

// authorized returns the session of a request, or answers 401.
func (s *Server) authorized(w http.ResponseWriter, r *http.Request) *session {
	who, wrong := s.identify(r)
	if who.role != supervisor.RoleNone {
		return who
	}
	challenge(w, wrong)
	return nil
}

// challenge answers 401. wrong: a secret was given.
func challenge(w http.ResponseWriter, wrong bool) {
	scheme, text := `Bearer realm="processmanager"`, "a secret is needed (Authorization: Bearer SECRET)"
	if wrong {
		scheme, text = scheme+`, error="invalid_token"`, "the secret is wrong"
	}
	w.Header().Set("WWW-Authenticate", scheme)
	fail(w, http.StatusUnauthorized, newError(codeOf(supervisor.ErrForbidden), "%v: %s", supervisor.ErrForbidden, text))
}

func notAllowed(w http.ResponseWriter, methods, text string) {
	w.Header().Set("Allow", methods)
	fail(w, http.StatusMethodNotAllowed, newError(CodeInvalidRequest, "%s", text))
}

// upgradeNeeded answers a GET that asks for no WebSocket: somebody looks with a
// browser, or has forgotten -X POST.
func upgradeNeeded(w http.ResponseWriter) {
	w.Header().Set("Connection", "Upgrade")
	w.Header().Set("Upgrade", "websocket")
	fail(w, http.StatusUpgradeRequired, newError(CodeInvalidRequest, "cannot call by GET: use POST with a JSON-RPC request, or open a WebSocket here"))
}

// fail answers what never became a request. The body is a JSON-RPC response too,
// so that a client needs one way only to read an error.
func fail(w http.ResponseWriter, status int, failure *Error) {
	reply(w, status, append(appendResponse(nil, null, nil, failure), '\n'))
}

// reply writes a body. The caller may have gone, and then there is nobody to tell.
func reply(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body))) // a reader can make room at once
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
