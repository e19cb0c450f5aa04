package probe

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
)

// maxAnswerHeaders is more than common servers send. It is for a peer that is none.
const maxAnswerHeaders = 64 << 10

var (
	errLongHeaders = fmt.Errorf("the headers of the answer have more than %d bytes", maxAnswerHeaders)
	errNotHTTPS    = errors.New("the server speaks HTTP and not HTTPS")
)

// exchange is an http.RoundTripper with one connection for each request, all of it in
// the caller's goroutine. http.Transport starts reading before it asks, and writes to
// the standard logger when the peer speaks first, as a mail or SSH server does.
type exchange struct{ *line }

// RoundTrip ends when the context of the line does, which closes the connection.
func (l exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	conn, err := l.open(req)
	if err != nil {
		return nil, err
	}
	once := *req // a RoundTripper leaves the request alone
	once.Close = true
	if err := once.Write(conn); err != nil {
		return nil, err
	}
	limit := &io.LimitedReader{R: conn, N: maxAnswerHeaders}
	in := bufio.NewReader(limit)
	for {
		resp, err := http.ReadResponse(in, req)
		switch {
		case err != nil && limit.N <= 0:
			return nil, errLongHeaders
		case err != nil && limit.N == maxAnswerHeaders && errors.Is(err, io.ErrUnexpectedEOF):
			return nil, io.EOF // not one byte came
		case err != nil:
			return nil, err
		case resp.StatusCode < 200 && resp.StatusCode != http.StatusSwitchingProtocols:
			continue // RFC 9110, 15.2: the final answer is still to come
		}
		limit.N = math.MaxInt64
		// The body's own Close would read it to its end.
		resp.Body = struct {
			io.Reader
			io.Closer
		}{resp.Body, conn}
		return resp, nil
	}
}

// open connects to where the URL points, and shakes hands for HTTPS.
func (l exchange) open(req *http.Request) (net.Conn, error) {
	host, port := req.URL.Hostname(), req.URL.Port()
	secure := false
	switch req.URL.Scheme {
	case "http":
		if port == "" {
			port = "80"
		}
	case "https":
		secure = true
		if port == "" {
			port = "443"
		}
	default:
		return nil, fmt.Errorf("redirected to a URL with the scheme %q", req.URL.Scheme)
	}
	conn, err := l.dial(l.ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil || !secure {
		return conn, err
	}
	// As the kubelet: that the process answers is asked, not who signed for it.
	over := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, ServerName: host, NextProtos: []string{"http/1.1"}})
	if err := over.HandshakeContext(l.ctx); err != nil {
		var record tls.RecordHeaderError
		if errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/" {
			return nil, errNotHTTPS
		}
		return nil, err
	}
	return over, nil
}
