package access

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
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
	if f.Cert == "" || f.Key == "" {
		return nil, errors.New("cannot use TLS: a certificate file and a key file are needed, both")
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	r := &reloaded[*tls.Config]{what: "TLS certificate", paths: []string{f.Cert, f.Key}, log: log, load: f.load}
	if f.ClientCA != "" {
		r.paths = append(r.paths, f.ClientCA)
	}
	if err := r.first(); err != nil {
		return nil, fmt.Errorf("cannot use TLS: %w", err)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return r.get(), nil
		},
		// For whoever asks the outer configuration, as servers of HTTP do.
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return &r.get().Certificates[0], nil
		},
	}, nil
}

func (f TLSFiles) load() (*tls.Config, error) {
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
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
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
	config.ClientAuth = tls.RequireAndVerifyClientCert
	// A resumed session was verified against the authorities of its day.
	config.SessionTicketsDisabled = true
	return config, nil
}
