package metrics

import (
	"net/http"

	"github.com/processmanager/processmanager/supervisor/access"
)

// guarded puts the web config in front of the pages: its headers on every answer,
// and its users before /metrics. The health pages ask nobody for a password: the
// kubelet and Docker have none to send.
func (s *Server) guarded(pages http.Handler) http.Handler {
	if s.web == nil {
		return pages
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		for name, value := range s.web.Headers() {
			w.Header().Set(name, value)
		}
		if req.URL.Path == "/metrics" && s.web.Users() && !s.admit(w, req) {
			return
		}
		pages.ServeHTTP(w, req)
	})
}

// admit tells whether a request has a right name and password; otherwise it has
// answered. A right password is never delayed, and costs nothing after the first
// time; a wrong one is answered after a delay.
func (s *Server) admit(w http.ResponseWriter, req *http.Request) bool {
	user, password, given := req.BasicAuth()
	if !given {
		refuse(w, "a user and a password are needed")
		return false
	}
	if s.web.Remembers(user, password) {
		s.throttle.Right(req.RemoteAddr)
		return true
	}
	leave, ok := s.attempts.Enter(req.RemoteAddr)
	if !ok {
		w.Header().Set("Retry-After", "10")
		answer(w, http.StatusTooManyRequests, "too many passwords from there are being looked at: try again later\n")
		return false
	}
	defer leave()
	if s.web.Check(user, password) {
		s.throttle.Right(req.RemoteAddr)
		return true
	}
	s.AuthFailed(string(doorMetrics))
	if attempt, tell := s.throttle.Attempt(req.RemoteAddr); tell {
		s.log.Warn("wrong password", "door", string(doorMetrics), "peer", req.RemoteAddr, "attempt", attempt, "event", access.LoginFailed)
	}
	_ = s.throttle.Hold(req.Context(), req.RemoteAddr) // when the caller hangs up there is nobody to hold back
	refuse(w, "wrong user or password")
	return false
}

func refuse(w http.ResponseWriter, why string) {
	w.Header().Set("WWW-Authenticate", `Basic realm="metrics", charset="UTF-8"`)
	answer(w, http.StatusUnauthorized, "cannot show the metrics: "+why+"\n")
}
