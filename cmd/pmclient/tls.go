package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"strings"

	"github.com/urfave/cli/v3"
)

// tlsFlags are for https only.
var tlsFlags = []string{"ca-file", "cert-file", "key-file", "server-name"}

// tls makes what https needs; nil is the system's. There is no way to leave the
// check of the manager's certificate out: the secret would go to anybody.
func (p *program) tls(c *cli.Command, https bool) (*tls.Config, error) {
	value := map[string]string{}
	for _, flag := range tlsFlags {
		value[flag] = c.String(flag)
		if value[flag] != "" && !https {
			return nil, usage("-%s is for -rpc https://HOST:PORT", flag)
		}
		if value[flag] == "" {
			value[flag] = p.variable(flag)
		}
	}
	if !https {
		return nil, nil //nolint:nilnil // no configuration is the system's
	}
	out := &tls.Config{ServerName: value["server-name"], MinVersion: tls.VersionTLS12}
	if path := value["ca-file"]; path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, usage("cannot read -ca-file: %w", err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(text) {
			return nil, usage("cannot read -ca-file: %s holds no certificate in PEM", path)
		}
	}
	cert, key := value["cert-file"], value["key-file"]
	if (cert == "") != (key == "") {
		return nil, usage("want both -cert-file and -key-file, or neither")
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, usage("cannot use -cert-file and -key-file: %w", err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	return out, nil
}

// tlsHint says what to do about a certificate; "" when it is about something else.
func tlsHint(err error) string {
	var stranger x509.UnknownAuthorityError
	var name x509.HostnameError
	var plain tls.RecordHeaderError
	switch {
	case errors.As(err, &stranger):
		return "-ca-file names the certificate of the authority"
	case errors.As(err, &name):
		return "-server-name tells another name to look for in the certificate"
	case strings.HasSuffix(err.Error(), "tls: certificate required"), strings.HasSuffix(err.Error(), "tls: bad certificate"):
		return "-cert-file and -key-file give a certificate of one's own, of an authority that the manager knows"
	case errors.As(err, &plain), errors.Is(err, http.ErrSchemeMismatch):
		return "what listens there does not speak TLS: is it http://?"
	}
	return ""
}
