package access

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"slices"
)

// TLSFiles names the PEM files of the TCP listeners. The zero value means no TLS.
type TLSFiles struct {
	Cert, Key string // certificate chain and its private key; both or none
	ClientCA  string // if given, clients must show a certificate of these authorities
}

// MaxPEMBytes is the greatest size of a PEM file.
const MaxPEMBytes = 1 << 20

// Config returns a configuration for TLS 1.2 and later that follows the files:
// each handshake uses what they hold, looked at once a second at most; while
// they cannot be used (half a rotation, say) the last good ones stay in force.
// It returns nil, nil for the zero value. A nil log discards.
func (f TLSFiles) Config(log *slog.Logger) (*tls.Config, error) {
	if f == (TLSFiles{}) {
		return nil, nil
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	r := tlsRules{files: f, min: tls.VersionTLS12}
	if f.ClientCA != "" {
		r.auth = tls.RequireAndVerifyClientCert
	}
	return r.config(log)
}

// tlsRules is what a listener asks of a handshake.
type tlsRules struct {
	files     TLSFiles
	auth      tls.ClientAuthType
	min, max  uint16   // versions; max 0: the newest
	sans      []string // if given, a client's certificate must have one of these names
	protocols []string // offered, the best first
}

func (r tlsRules) config(log *slog.Logger) (*tls.Config, error) {
	f := r.files
	if f.Cert == "" || f.Key == "" {
		return nil, errors.New("cannot use TLS: a certificate file and a key file are needed, both")
	}
	file := &reloaded[*tls.Config]{what: "TLS certificate", paths: []string{f.Cert, f.Key}, log: log, load: r.load}
	if f.ClientCA != "" {
		file.paths = append(file.paths, f.ClientCA)
	}
	if err := file.first(); err != nil {
		return nil, fmt.Errorf("cannot use TLS: %w", err)
	}
	return &tls.Config{
		MinVersion: r.min,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return file.get(), nil
		},
		// For whoever asks the outer configuration, as servers of HTTP do.
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return &file.get().Certificates[0], nil
		},
	}, nil
}

func (r tlsRules) load() (*tls.Config, error) {
	f := r.files
	cert, err := readSmall(f.Cert, MaxPEMBytes)
	if err != nil {
		return nil, fmt.Errorf("certificate file %s: %w", f.Cert, reason(err))
	}
	key, err := readSmall(f.Key, MaxPEMBytes)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", f.Key, reason(err))
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("certificate file %s and key file %s: %w", f.Cert, f.Key, err)
	}
	config := &tls.Config{
		MinVersion: r.min, MaxVersion: r.max, NextProtos: r.protocols,
		Certificates: []tls.Certificate{pair}, ClientAuth: r.auth,
	}
	if f.ClientCA == "" {
		return config, nil
	}
	ca, err := readSmall(f.ClientCA, MaxPEMBytes)
	if err != nil {
		return nil, fmt.Errorf("client CA file %s: %w", f.ClientCA, reason(err))
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("client CA file %s: there is no certificate in it (want PEM)", f.ClientCA)
	}
	if len(r.sans) > 0 {
		config.VerifyConnection = r.allowed
	}
	// A resumed session was verified against the authorities of its day.
	config.SessionTicketsDisabled = true
	return config, nil
}

// allowed refuses a client whose certificate has none of the names.
func (r tlsRules) allowed(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the client has shown no certificate")
	}
	leaf := state.PeerCertificates[0]
	names := slices.Concat(leaf.DNSNames, leaf.EmailAddresses)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	for _, uri := range leaf.URIs {
		names = append(names, uri.String())
	}
	for _, name := range names {
		if slices.Contains(r.sans, name) {
			return nil
		}
	}
	return errors.New("the client's certificate has none of the names that client_allowed_sans lists")
}
