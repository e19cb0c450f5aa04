package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// Secrets names the secrets of a manager. The zero value means that there are
// none.
type Secrets struct {
	Secret     string // full access; excludes SecretFile
	SecretFile string // file with the secret for full access; read again when it changes
	ViewerFile string // file with the secret for looking only; needs one of the others
}

// Words of log lines about secrets, those of OWASP's logging vocabulary.
const (
	LoginFailed    = "authn_login_fail"
	LoginSucceeded = "authn_login_success"
)

// Authenticator tells the role that a secret gives. Its methods may be called
// from any goroutine.
type Authenticator struct {
	full   source // nil: there are no secrets
	viewer source // nil: there are no viewers
}

// source gives the secret that is in force now.
type source interface{ get() secret }

// secret is one secret and its digest; secrets are compared by digest, so that
// the time taken tells nothing of content or length.
type secret struct {
	text   string
	digest [sha256.Size]byte
}

func newSecret(text string) secret { return secret{text, sha256.Sum256([]byte(text))} }

// fixed is a secret that does not come from a file.
type fixed secret

func (f fixed) get() secret { return secret(f) }

// NewAuthenticator reads the secrets. It fails when Secret and SecretFile are
// both given, when ViewerFile is given alone, when a file cannot be read or is
// empty, and when both secrets are equal. A nil log discards.
func NewAuthenticator(s Secrets, log *slog.Logger) (*Authenticator, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	a := &Authenticator{}
	switch {
	case s.Secret != "" && s.SecretFile != "":
		return nil, errors.New("cannot use the secret: it is given both directly and as a file; give one of the two")
	case s.Secret != "":
		a.full = fixed(newSecret(s.Secret))
	case s.SecretFile != "":
		file, err := secretFile(s.SecretFile, log)
		if err != nil {
			return nil, err
		}
		a.full = file
	}
	if s.ViewerFile == "" {
		return a, nil
	}
	if a.full == nil {
		return nil, errors.New("cannot use the viewer secret: there is no secret for full access beside it; give that one too")
	}
	file, err := secretFile(s.ViewerFile, log)
	if err != nil {
		return nil, err
	}
	a.viewer = file
	if a.viewer.get().text == a.full.get().text {
		return nil, fmt.Errorf("cannot use the viewer secret in %s: it is the same as the secret for full access", s.ViewerFile)
	}
	return a, nil
}

// Enabled reports whether there is a secret at all.
func (a *Authenticator) Enabled() bool { return a.full != nil }

// Check returns the role that secret gives: RoleOperator, RoleViewer, or RoleNone
// for a wrong one, an empty one, and always when the Authenticator is not
// enabled. Both secrets are always compared, in constant time; none of them is
// ever empty.
func (a *Authenticator) Check(text string) supervisor.Role {
	given := sha256.Sum256([]byte(text))
	full, viewer := matches(a.full, given), matches(a.viewer, given)
	switch {
	case full == 1:
		return supervisor.RoleOperator
	case viewer == 1:
		return supervisor.RoleViewer
	}
	return supervisor.RoleNone
}

// matches returns 1 when the digest is that of the source's secret.
func matches(s source, given [sha256.Size]byte) int {
	if s == nil {
		return 0
	}
	want := s.get().digest
	return subtle.ConstantTimeCompare(want[:], given[:])
}

// Secret returns the secret for full access that is in force, "" when there is
// none. It is for GetSecret only: never print it.
func (a *Authenticator) Secret() string {
	if a.full == nil {
		return ""
	}
	return a.full.get().text
}

// MaxSecretBytes is the greatest size of a secret file.
const MaxSecretBytes = 64 << 10

// secretFile opens a file that holds one secret and is read again when it
// changes.
func secretFile(path string, log *slog.Logger) (*reloaded[secret], error) {
	r := &reloaded[secret]{
		what:  "secret file",
		paths: []string{path},
		log:   log,
		load: func() (secret, error) {
			data, err := readSmall(path, MaxSecretBytes)
			if err != nil {
				return secret{}, err
			}
			text := trimNewline(string(data))
			if text == "" {
				return secret{}, errors.New("the file is empty")
			}
			if strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f }) {
				log.Warn("secret has a line break or another control character: it cannot be typed or sent in an HTTP header", "file", path)
			}
			return newSecret(text), nil
		},
	}
	if err := r.first(); err != nil {
		return nil, fmt.Errorf("cannot read secret file %s: %w", path, reason(err))
	}
	return r, nil
}

// trimNewline removes one newline (LF or CR LF) from the end: what an editor or
// echo put there is not part of the secret.
func trimNewline(text string) string {
	if rest, ok := strings.CutSuffix(text, "\n"); ok {
		return strings.TrimSuffix(rest, "\r")
	}
	return text
}
