package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/access"
)

const livez = "livez"

// page is what of the health is asked for.
func (o *options) page() string {
	if len(o.args) == 0 {
		return livez
	}
	return o.args[0]
}

// checkPage refuses what is no page of the health.
func checkPage(page string) error {
	name, one := strings.CutPrefix(page, "readyz/")
	switch {
	case page == livez, page == "readyz", page == "startupz":
		return nil
	case one:
		return supervisor.CheckName(name)
	}
	return fmt.Errorf("%q is no page of the health (want %s, readyz, readyz/NAME or startupz)", page, livez)
}

// healthcheck asks a running manager whether it is alive: its health page, or,
// where there is none, its API; whether it is ready or has started it asks the page alone.
// It exits with 0 or 1.
func healthcheck(o *options, stdout, stderr io.Writer) int {
	ctx, cancel := context.WithTimeout(context.Background(), 7*time.Second)
	defer cancel()
	var answer string
	secure, page, err := healthPage(o)
	switch {
	case err != nil:
	case page:
		answer, err = askHealth(ctx, o.metricsAddr, o.page(), secure)
	case o.page() == livez:
		answer, err = askAPI(ctx, o)
	case o.metricsAddr == "":
		err = fmt.Errorf("%s is asked at the health page: give it by -metrics-addr, as the manager's", o.page())
	default:
		err = fmt.Errorf("%s cannot be asked: %s wants a client's certificate", o.page(), o.metricsWeb)
	}
	if err != nil {
		fmt.Fprintf(stderr, "processmanager: not healthy: %v\n", err)
		return 1
	}
	fmt.Fprintln(stdout, answer)
	return exitDone
}

// healthPage tells whether the health page can be asked, and whether by TLS. Where it
// wants a client's certificate, which we do not have, the API is asked.
func healthPage(o *options) (secure, page bool, err error) {
	if o.metricsAddr == "" || o.metricsWeb == "" {
		return false, o.metricsAddr != "", nil
	}
	web, err := access.OpenWebConfig(o.metricsWeb, nil)
	if err != nil {
		return false, false, fmt.Errorf("-metrics-web-config-file: %w", err)
	}
	return web.TLS() != nil, !web.WantsClientCert(), nil
}

// askHealth does not verify the certificate, as the kubelet does not: it is our own
// listener, asked by another name than its certificate has, and nothing secret is sent.
func askHealth(ctx context.Context, addr, page string, secure bool) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("-metrics-addr: %w", err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	scheme := "http://"
	if secure {
		scheme = "https://"
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	return get(ctx, transport, http.MethodGet, scheme+net.JoinHostPort(host, port)+"/"+page, "", "")
}

// askAPI asks for the list: that goes through the manager's own loop.
func askAPI(ctx context.Context, o *options) (string, error) {
	auth, err := access.NewAuthenticator(access.Secrets{Secret: o.secrets.Secret, SecretFile: o.secrets.SecretFile}, nil)
	if err != nil {
		return "", err
	}
	path := o.rpcPath()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}
	const body = `{"jsonrpc":"2.0","id":1,"method":"process.list"}`
	if _, err := get(ctx, transport, http.MethodPost, "http://localhost/rpc", body, auth.Secret()); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return "ok", nil
}

func get(ctx context.Context, t http.RoundTripper, method, url, body, secret string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	if secret != "" {
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	res, err := t.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK || body != "" && strings.Contains(string(data), `"error":{`) {
		return "", fmt.Errorf("the answer is %s: %s", res.Status, strings.TrimSpace(string(data)))
	}
	return strings.TrimSpace(string(data)), nil
}
