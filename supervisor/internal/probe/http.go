package probe

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// The kubelet's numbers.
const (
	maxBody     = 10 << 10
	maxRequests = 10
)

const userAgent = "processmanager-probe/1"

var errRedirects = fmt.Errorf("redirected %d times on the same host", maxRequests)

func getHTTP(l *line, a *supervisor.HTTPGetAction, ports []supervisor.Port) error {
	port, err := ResolvePort(a.Port, ports)
	if err != nil {
		return err
	}
	target, err := requestURL(a, port)
	if err != nil {
		return err
	}
	header, err := requestHeader(a.HTTPHeaders)
	if err != nil {
		return err
	}
	asked := "GET " + printable(target.String())
	req := (&http.Request{Method: http.MethodGet, URL: target, Header: header, Host: header.Get("Host")}).WithContext(l.ctx)

	client := http.Client{Transport: exchange{l}, CheckRedirect: sameHost}
	resp, err := client.Do(req)
	if err != nil {
		return l.broken(asked, err)
	}
	defer resp.Body.Close()
	if last := resp.Request.URL; last != target {
		asked += ", redirected to " + printable(last.String())
	}
	return judge(l, asked, resp)
}

// judge reads the answer. What a server says besides a status of failure is worth
// showing, but not worth failing over.
func judge(l *line, asked string, resp *http.Response) error {
	var body []byte
	var err error
	l.reached(reading)
	if resp.StatusCode != http.StatusSwitchingProtocols { // its body is the connection itself
		body, err = io.ReadAll(io.LimitReader(resp.Body, maxBody))
	}
	if code := resp.StatusCode; code < 200 || code > 399 {
		status := strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code)))
		if text := excerpt(string(body)); text != "" {
			status += ": " + text
		}
		return refused(asked, status)
	}
	if err != nil {
		return l.broken(asked, err)
	}
	return nil
}

// sameHost is an http.Client.CheckRedirect. A host is compared by its name: another
// port, or HTTPS instead of HTTP, is the same one.
func sameHost(req *http.Request, via []*http.Request) error {
	if req.URL.Hostname() != via[0].URL.Hostname() {
		return http.ErrUseLastResponse
	}
	if len(via) >= maxRequests {
		return errRedirects
	}
	return nil
}

// requestURL puts the parts together. A path that is no valid URL is taken
// literally, as the kubelet does.
func requestURL(a *supervisor.HTTPGetAction, port int) (*url.URL, error) {
	var scheme string
	switch a.Scheme {
	case supervisor.SchemeHTTP, "":
		scheme = "http"
	case supervisor.SchemeHTTPS:
		scheme = "https"
	default:
		return nil, invalid("cannot probe by httpGet", fmt.Sprintf("scheme %q is neither HTTP nor HTTPS", string(a.Scheme)))
	}
	path := a.Path
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	sent, _, _ := strings.Cut(path, "#") // a fragment stays with the client
	u, err := url.ParseRequestURI(sent)
	if err != nil {
		u = &url.URL{Path: path}
	}
	u.Scheme, u.Host = scheme, address(a.Host, port)
	return u, nil
}
