package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// Errors of the way to the manager; the manager's own are those of package
// supervisor.
var (
	ErrUnreachable  = errors.New("cannot reach the manager")
	ErrUnauthorized = errors.New("cannot authenticate")
)

// ErrClosed ends a subscription that was closed here.
var ErrClosed = errors.New("the subscription was closed")

// maxAnswer bounds what is read of one answer, in bytes.
const maxAnswer = 256 << 20

// Options say where the manager is. Exactly one of Socket and URL is set.
type Options struct {
	Socket string      // path of the API's unix socket; see [supervisor.RPCSocketFor]
	URL    string      // http://host:port, https://host:port or unix:///path; /rpc is added to an empty path
	Secret string      // empty: none is sent
	TLS    *tls.Config // of https; nil: the system's
	// Reconnect is how long a subscription tries to get its connection back. 0: for ever;
	// negative: not at all.
	Reconnect time.Duration
}

// Client calls one manager. Its methods may be called from any goroutine.
type Client struct {
	url    string
	where  string // for errors
	secret string
	http   *http.Client

	reconnect       time.Duration
	every, patience time.Duration // of pings
}

// New returns a client; it connects when it is first used.
func New(o Options) (*Client, error) {
	if path, ok := strings.CutPrefix(o.URL, "unix://"); ok && o.Socket == "" {
		o.Socket, o.URL = path, ""
	}
	if (o.Socket == "") == (o.URL == "") {
		return nil, errors.New("cannot make a client: want either a socket or a URL")
	}
	c := &Client{url: "http://localhost/rpc", where: o.Socket, secret: o.Secret, reconnect: o.Reconnect, every: pingInterval, patience: pongTimeout}
	transport := &http.Transport{
		TLSClientConfig:     o.TLS,
		TLSHandshakeTimeout: 10 * time.Second,
		DisableCompression:  true,
		MaxIdleConnsPerHost: 8,
		IdleConnTimeout:     time.Minute,
	}
	dialer := net.Dialer{Timeout: 10 * time.Second}
	transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "unix", o.Socket)
	}
	if o.URL != "" {
		u, err := endpoint(o.URL)
		if err != nil {
			return nil, err
		}
		c.url, c.where = u.String(), u.Host
		transport.Proxy = http.ProxyFromEnvironment
		transport.DialContext = dialer.DialContext
	}
	c.http = &http.Client{
		Transport: transport,
		// A manager never sends one elsewhere; the secret shall not follow.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// endpoint reads a URL as a human writes it.
func endpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("cannot use the URL: want http://HOST:PORT, https://HOST:PORT or unix:///PATH")
	case u.User != nil:
		return nil, errors.New("cannot use the URL: it holds a user; the secret is given apart from it")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/rpc"
	}
	return u, nil
}

// Where is the address of the manager, for people: a path, or host and port.
func (c *Client) Where() string { return c.where }

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Error is what the manager answered instead of a result.
type Error struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    struct {
		Reason string `json:"reason"` // stable word, for example NotFound
		Name   string `json:"name"`   // the process asked for
	} `json:"data"`
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the sentinel of package supervisor, nil for an error of the
// protocol.
func (e *Error) Unwrap() error { return sentinelOf(e.Code) }

// waitOf is the parameter wait of methods that have one: false under a context of
// [supervisor.NoWait], else absent.
func waitOf(ctx context.Context) *bool {
	if supervisor.Waits(ctx) {
		return nil
	}
	return new(bool)
}

// Call calls any method. params is marshalled, nil means none; the answer is
// unmarshalled into result, nil means that it is not wanted. A *json.RawMessage
// takes it as it came.
func (c *Client) Call(ctx context.Context, method string, params, result any) error {
	var body bytes.Buffer
	if err := writeRequest(&body, method, params); err != nil {
		return err
	}
	status, data, err := c.post(ctx, &body)
	if err != nil {
		return err
	}
	return c.read(method, status, data, result)
}

func writeRequest(body *bytes.Buffer, method string, params any) error {
	enc := json.NewEncoder(body)
	enc.SetEscapeHTML(false)
	err := enc.Encode(struct {
		Version string `json:"jsonrpc"`
		ID      int    `json:"id"`
		Method  string `json:"method"`
		Params  any    `json:"params,omitempty"`
	}{"2.0", 1, method, params})
	if err != nil {
		return fmt.Errorf("cannot call %s: %w", method, err)
	}
	return nil
}

// post sends one body and reads the answer.
func (c *Client) post(ctx context.Context, body io.Reader) (status int, data []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, body)
	if err != nil {
		return 0, nil, fmt.Errorf("%w at %s: %w", ErrUnreachable, c.where, err)
	}
	req.Header.Set("Content-Type", "application/json")
	if c.secret != "" {
		req.Header.Set("Authorization", "Bearer "+c.secret)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, c.unreachable(ctx, err)
	}
	defer resp.Body.Close()
	var answer bytes.Buffer
	if n := resp.ContentLength; n > 0 && n <= maxAnswer {
		answer.Grow(int(n) + bytes.MinRead) // ReadFrom wants room to see the end
	}
	if _, err := answer.ReadFrom(io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return 0, nil, c.unreachable(ctx, err)
	}
	return resp.StatusCode, answer.Bytes(), nil
}

// unreachable says in short what went wrong on the way. A context that ended is
// not the manager's fault.
func (c *Client) unreachable(ctx context.Context, err error) error {
	var wrapper *url.Error
	if errors.As(err, &wrapper) {
		err = wrapper.Err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("no answer from the manager at %s: %w", c.where, ctx.Err())
	}
	// "dial unix /path: connect: no such file" would name the path twice.
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		err = op.Err
	}
	return fmt.Errorf("%w at %s: %w", ErrUnreachable, c.where, err)
}

// read takes the answer apart. The result is decoded in the same pass: the list of
// a thousand processes is worth it.
func (c *Client) read(method string, status int, data []byte, result any) error {
	if list, ok := result.(*[]*supervisor.ProcessInfo); ok && status == http.StatusOK {
		if found, ok := readList(data); ok {
			*list = found
			return nil
		}
	}
	answer := struct {
		Version string `json:"jsonrpc"`
		Result  any    `json:"result"`
		Error   *Error `json:"error"`
	}{Result: result}
	err := json.Unmarshal(data, &answer)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && answer.Version == "2.0" {
		return fmt.Errorf("cannot read the answer of %s: %w", method, err)
	}
	broken := err != nil || answer.Version != "2.0" || answer.Error == nil && !bytes.Contains(data, []byte(`"result"`))
	switch {
	case status == http.StatusUnauthorized && !broken && answer.Error != nil:
		return fmt.Errorf("%w at %s: %w", ErrUnauthorized, c.where, answer.Error)
	case status == http.StatusUnauthorized:
		return fmt.Errorf("%w at %s: HTTP status %d", ErrUnauthorized, c.where, status)
	case broken && status == http.StatusBadRequest && bytes.Contains(data, []byte("to an HTTPS server")): // the words of net/http
		return fmt.Errorf("%w at %s: it speaks TLS, and was asked without: want https://%s", ErrUnreachable, c.where, c.where)
	case broken:
		return fmt.Errorf("%w at %s: what answers there is not a manager's API (HTTP status %d)", ErrUnreachable, c.where, status)
	case answer.Error != nil:
		return answer.Error
	}
	return nil
}
