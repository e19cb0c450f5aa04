package access

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
)

// WebConfig follows a web config file: TLS, users with passwords and headers of an
// HTTP listener, in the format that the exporters of Prometheus share. The file and
// those that it names are read again when they change; what cannot be used leaves
// the last good state in force. Its methods may be called from any goroutine.
//
// Whether there is TLS, and whether anybody is asked for a password, is decided
// when it is opened: a file that says otherwise later is refused, so that one that
// is half written never opens the door.
type WebConfig struct {
	file *reloaded[*webState]
}

// webState is what one version of the file comes to.
type webState struct {
	doc   *webDocument
	tls   *tls.Config // nil: no TLS
	users *basicUsers // nil: nobody is asked
}

// OpenWebConfig reads a web config file. Paths in it are relative to its own
// directory. An error names every fault, with its line. A nil log discards.
func OpenWebConfig(path string, log *slog.Logger) (*WebConfig, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	w := &WebConfig{}
	w.file = &reloaded[*webState]{what: "web config", paths: []string{path}, log: log, load: func() (*webState, error) {
		next, err := loadWebConfig(path, log)
		if err != nil {
			return nil, err
		}
		if now := w.file.value.Load(); now != nil {
			err = (*now).mayBecome(next)
		}
		return next, err
	}}
	if err := w.file.first(); err != nil {
		return nil, fmt.Errorf("cannot use the web config: %w", err)
	}
	return w, nil
}

func loadWebConfig(path string, log *slog.Logger) (*webState, error) {
	text, err := readSmall(path, MaxWebConfigBytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, reason(err))
	}
	doc, err := parseWebConfig(path, text)
	if err != nil {
		return nil, err
	}
	s := &webState{doc: doc}
	if doc.users != nil {
		s.users = newBasicUsers(doc.users)
	}
	if doc.tls == nil {
		return s, nil
	}
	rules := *doc.tls
	for _, file := range []*string{&rules.files.Cert, &rules.files.Key, &rules.files.ClientCA} {
		if *file != "" && !filepath.IsAbs(*file) {
			*file = filepath.Join(filepath.Dir(path), *file)
		}
	}
	rules.protocols = []string{"h2", "http/1.1"}
	if doc.noHTTP2 {
		rules.protocols = rules.protocols[1:]
	}
	if s.tls, err = rules.config(log); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// mayBecome refuses a change that only a restart may make.
func (s *webState) mayBecome(next *webState) error {
	switch {
	case (s.tls == nil) != (next.tls == nil):
		return errors.New("tls_server_config came or went: whether there is TLS is decided at the start; restart the manager")
	case s.users != nil && next.users == nil:
		return errors.New("basic_auth_users is gone: everybody would be let in; restart the manager if that is meant")
	}
	return nil
}

// TLS returns the configuration of the listener; nil: it is without TLS.
func (w *WebConfig) TLS() *tls.Config {
	if w.file.get().tls == nil {
		return nil
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			return w.file.get().tls.GetConfigForClient(hello)
		},
		// For whoever asks the outer configuration, as servers of HTTP do.
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return w.file.get().tls.GetCertificate(hello)
		},
	}
}

// WantsClientCert tells whether nobody may connect without a certificate.
func (w *WebConfig) WantsClientCert() bool {
	rules := w.file.get().doc.tls
	return rules != nil && rules.auth == tls.RequireAndVerifyClientCert
}

// Headers are those that every answer is to have. They are not to be changed.
func (w *WebConfig) Headers() map[string]string { return w.file.get().doc.headers }

// Users tells whether a name and a password are wanted.
func (w *WebConfig) Users() bool { return w.file.get().users != nil }

// Remembers tells whether a password is the one that was right for this user the
// last time. It costs microseconds; see [WebConfig.Check].
func (w *WebConfig) Remembers(user, password string) bool {
	users := w.file.get().users
	return users == nil || users.remembers(user, password)
}

// Check tells whether a password is right and remembers it if so. It computes one
// bcrypt hash, for an unknown user too: 50 to 100 ms at the usual cost. Only one
// is computed at a time.
func (w *WebConfig) Check(user, password string) bool {
	users := w.file.get().users
	return users == nil || users.check(user, password)
}
