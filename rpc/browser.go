package rpc

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/processmanager/processmanager/supervisor/access"
)

// checkBrowser keeps foreign web pages out. Host is checked over TCP: after DNS
// rebinding it is the attacker's name. Origin is checked wherever it is sent:
// browsers send it with every WebSocket and POST, and nobody else has to.
func (s *Server) checkBrowser(r *http.Request) error {
	if !isUnix(r) && !access.AllowedHost(r.Host, s.options.AllowedHosts) {
		return fmt.Errorf("host %q is not allowed (-rpc-allowed-hosts names more)", clip(r.Host))
	}
	for _, origin := range r.Header.Values("Origin") {
		if !s.allowedOrigin(origin, r.Host) {
			return fmt.Errorf("origin %q is not allowed (-rpc-allowed-hosts names more)", clip(origin))
		}
	}
	return nil
}

func (s *Server) allowedOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return false // "null" is what sandboxed and local pages send
	}
	if strings.EqualFold(u.Host, host) {
		return true // our own page
	}
	// As a Host an address proves that no name was rebound; as an Origin it is
	// just somebody's page, unless it is this machine's.
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		return ip.IsLoopback() || containsFold(s.options.AllowedHosts, u.Hostname())
	}
	return access.AllowedHost(u.Host, s.options.AllowedHosts)
}

func containsFold(list []string, word string) bool {
	for _, w := range list {
		if h, _, err := net.SplitHostPort(w); err == nil {
			w = h
		}
		if strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}

// allowOrigin tells the browser that a page of an allowed origin may read the
// answer.
func allowOrigin(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Origin")
	if origin := r.Header.Get("Origin"); origin != "" {
		w.Header().Set("Access-Control-Allow-Origin", origin)
	}
}

// preflight answers the question that a browser asks before a request with a JSON
// body. Origin has been checked.
func preflight(w http.ResponseWriter) {
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
	w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	w.Header().Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}
