package access

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// hash is a bcrypt hash that costs little.
func hash(t testing.TB, password string) string {
	t.Helper()
	h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(h)
}

// Every key of the format, as its documentation has it, is taken or refused with a
// reason.
func TestWebConfigFormat(t *testing.T) {
	good := hash(t, planted)
	const pair = "tls_server_config: {cert_file: a, key_file: b, "
	const ca = "client_ca_file: c, client_auth_type: RequireAndVerifyClientCert, "
	for _, c := range []struct {
		text string
		want string // of the error; empty: taken
	}{
		{pair + "}", ""},
		{pair + "min_version: TLS13, max_version: TLS13}", ""},
		{pair + ca + "client_allowed_sans: [prom.example, 10.0.0.1]}", ""},
		{pair + "client_auth_type: NoClientCert}", ""},
		{pair + "client_ca_file: c, client_auth_type: VerifyClientCertIfGiven}", ""},
		{"http_server_config: {http2: false, headers: {X-Frame-Options: deny, Content-Security-Policy: ''}}\nbasic_auth_users: {alice: " + good + "}", ""},
		{"basic_auth_users:\n  alice: " + good + "\n  '7': " + good + "\n", ""},

		{"", "w:1: the file is empty"},
		{"# nothing\n", "w:1: the file is empty"},
		{"{}", "neither TLS nor a password"},
		{"http_server_config: {http2: true}", "neither TLS nor a password"},
		{"a: [", "w:1: this is not YAML"},
		{pair + "}\n---\n" + pair + "}", "a second document"},
		{"basic_auth_users: {}", "w:1: basic_auth_users: there are no users"},
		{"basic_auth_users:\n", "w:1: basic_auth_users: want keys"},
		{"basic_auth_users: {alice: secret}", "w:1: basic_auth_users.alice: want a bcrypt hash"},
		{"basic_auth_users: {alice: " + good + "x}", "want a bcrypt hash"},
		{"basic_auth_users: {alice: " + strings.Replace(good, "$04$", "$15$", 1) + "}", "the cost 15 of this hash is too high"},
		{"basic_auth_users: {'a:b': " + good + "}", "has no colon"},
		{"basic_auth_users: {a: " + good + ", a: " + good + "}", "it is there already, in line 1"},
		{"basic_auth_users: {alice: &x " + good + ", bob: *x}", "basic_auth_users.bob: want a bcrypt hash"},
		{"basic_auth_users: {alice: *" + planted + "}", "anchors and aliases"},
		{"basic_auth_user: {alice: " + good + "}", `w:1: basic_auth_user: unknown key (did you mean "basic_auth_users"?)`},
		{pair + "}\nzzz: 1", "w:2: zzz: unknown key (want one of basic_auth_users, http_server_config, tls_server_config)"},
		{"tls_server_config:\n  cert_file: a\n  key_fil: b", `w:3: tls_server_config.key_fil: unknown key (did you mean "key_file"?)`},
		{"tls_server_config: {cert_file: a}", "cert_file and key_file are needed, both"},
		{"tls_server_config: [a]", "w:1: tls_server_config: want keys with values"},
		{pair + "min_version: TLS11}", "TLS11 is not taken here: it is deprecated by RFC 8996"},
		{pair + "min_version: tls12}", "want one of TLS12, TLS13"},
		{pair + "min_version: TLS13, max_version: TLS12}", "nobody could connect"},
		{pair + "client_ca_file: c}", "client_ca_file does nothing without client_auth_type"},
		{pair + "client_ca_file: c, client_auth_type: NoClientCert}", "contradicts"},
		{pair + "client_auth_type: RequireAndVerifyClientCert}", "needs client_ca_file"},
		{pair + "client_ca_file: c, client_auth_type: RequireAnyClientCert}", "nobody would check the certificate"},
		{pair + "client_allowed_sans: [a]}", "needs client_auth_type RequireAndVerifyClientCert"},
		{pair + ca + "client_allowed_sans: []}", "want a list of texts"},
		{pair + ca + "client_allowed_sans: [1]}", "client_allowed_sans[0]: want a text"},
		{pair + "cert: x}", "tls_server_config.cert: this key is not taken here: give a file"},
		{pair + "key: x}", "(key_file)"},
		{pair + "client_ca: x}", "(client_ca_file)"},
		{pair + "cipher_suites: [a]}", "cipher_suites: this key is not taken here"},
		{pair + "curve_preferences: [a]}", "curve_preferences: this key is not taken here"},
		{pair + "prefer_server_cipher_suites: true}", "prefer_server_cipher_suites: this key is not taken here"},
		{pair + "}\nrate_limit: {interval: 1s}", "w:2: rate_limit: this key is not taken here: scrapes are bounded"},
		{pair + "}\nhttp_server_config: {http2: 'yes'}", "http2: want true or false"},
		{pair + "}\nhttp_server_config: {headers: {X-Frame-Options: never}}", "want deny or sameorigin"},
		{pair + "}\nhttp_server_config: {headers: {X-Frame-Option: deny}}", `did you mean "X-Frame-Options"`},
		{pair + "}\nhttp_server_config: {headers: {X-XSS-Protection: \"a\\nb\"}}", "want one line of text"},
		{pair + "}\n? [a]\n: b", "a key must be a text"},
	} {
		_, err := parseWebConfig("w", []byte(c.text))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s\nis refused: %v", c.text, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s\ngot the error %v\nwant one with %q", c.text, err, c.want)
		case err != nil && (strings.Contains(err.Error(), good) || strings.Contains(err.Error(), planted)):
			t.Errorf("a password or its hash is in the error: %v", err)
		}
	}
}

// The file that docs/metrics.md shows is taken, with a hash in the place of its "…".
func TestWebConfigOfTheDocumentation(t *testing.T) {
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "```yaml\ntls_server_config:")
	text, _, _ = strings.Cut(text, "```")
	shown := "$2y$10$…"
	if !strings.Contains(text, shown) {
		t.Fatalf("the page shows no password: %q", text)
	}
	doc, err := parseWebConfig("web.yml", []byte("tls_server_config:"+strings.Replace(text, shown, hash(t, planted), 1)))
	if err != nil {
		t.Fatal(err)
	}
	if _, known := doc.users["prometheus"]; !known || doc.tls == nil {
		t.Errorf("read as %+v", doc)
	}
}

func TestWebConfigTellsEveryFault(t *testing.T) {
	_, err := parseWebConfig("web.yml", []byte("tls_server_config:\n  cert_file: 1\n  min_version: TLS14\nbasic_auth_users:\n  bob: x\nrate: 1\n"))
	if err == nil {
		t.Fatal("it is taken")
	}
	var lines []string
	for line := range strings.Lines(err.Error()) {
		lines = append(lines, strings.Join(strings.SplitN(line, ":", 4)[:3], ":"))
	}
	want := "web.yml:2: tls_server_config.cert_file;web.yml:3: tls_server_config.min_version;web.yml:5: basic_auth_users.bob;web.yml:6: rate"
	if got := strings.Join(lines, ";"); got != want {
		t.Errorf("got  %s\nwant %s\n%v", got, want, err)
	}
}

func FuzzWebConfig(f *testing.F) {
	f.Add("tls_server_config: {cert_file: a, key_file: b, client_ca_file: c, client_auth_type: RequireAndVerifyClientCert, client_allowed_sans: [x]}")
	f.Add("http_server_config:\n  http2: false\n  headers: {X-Frame-Options: deny}\nbasic_auth_users:\n  alice: " + hash(f, "a"))
	f.Add("a: &x [*x]\n? {}\n: 1")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > MaxWebConfigBytes {
			return
		}
		doc, err := parseWebConfig("w", []byte(text))
		if (doc == nil) == (err == nil) {
			t.Fatalf("got %v and %v", doc, err)
		}
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				if !strings.HasPrefix(line, "w:") {
					t.Errorf("a line of the error has no place: %q", line)
				}
			}
			return
		}
		if doc.tls == nil && len(doc.users) == 0 {
			t.Error("an open door")
		}
		if doc.tls != nil && (doc.tls.files.Cert == "" || doc.tls.files.Key == "" || doc.tls.min < tls.VersionTLS12) {
			t.Errorf("half a TLS: %+v", doc.tls)
		}
	})
}

func TestWebConfigFileRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "web.yml")
	for text, want := range map[string]string{
		strings.Repeat("#", MaxWebConfigBytes+1):                       "larger than 65536 bytes",
		"tls_server_config: {cert_file: none.crt, key_file: none.key}": filepath.Join(dir, "none.crt"),
	} {
		write(t, path, text)
		if _, err := OpenWebConfig(path, nil); err == nil || !strings.HasPrefix(err.Error(), "cannot use the web config: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	if _, err := OpenWebConfig(filepath.Join(dir, "none"), nil); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a missing file: %v", err)
	}
}

// later lets the file be looked at again.
func (w *WebConfig) later(d time.Duration) {
	was := w.file.now()
	w.file.now = func() time.Time { return was.Add(d) }
}

// Users come and go with the file; a file that would open the door is not used.
func TestWebConfigFollowsItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.yml")
	write(t, path, "basic_auth_users: {alice: "+hash(t, "first")+"}")
	log, out := logTo()
	w, err := OpenWebConfig(path, log)
	if err != nil {
		t.Fatal(err)
	}
	if !w.Users() || w.TLS() != nil || w.WantsClientCert() {
		t.Error("users and nothing else are wanted")
	}
	if w.Remembers("alice", "first") {
		t.Error("a password is remembered that nobody has shown")
	}
	if !w.Check("alice", "first") || w.Check("alice", "wrong") || w.Check("bob", "first") || w.Check("", "") {
		t.Error("only alice with her password may come in")
	}
	if !w.Remembers("alice", "first") || w.Remembers("alice", "wrong") || w.Remembers("bob", "first") || w.Remembers("bob", "") {
		t.Error("only her right password is remembered")
	}
	write(t, path, "basic_auth_users: {alice: "+hash(t, "second!")+"}")
	w.later(time.Second)
	if w.Remembers("alice", "first") || w.Check("alice", "first") || !w.Check("alice", "second!") {
		t.Error("the old password holds, or the new one does not")
	}
	for text, want := range map[string]string{
		"":                  "is empty",
		"basic_auth_users:": "want keys",
		"tls_server_config: {cert_file: a, key_file: b}": "no such file",
	} {
		write(t, path, text)
		w.later(time.Second)
		if !w.Users() || w.Check("alice", "first") || !w.Check("alice", "second!") {
			t.Errorf("%q changes who may come in", text)
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q: the log does not say %q: %s", text, want, out)
		}
	}
}

func TestWebConfigNeverOpensTheDoorLater(t *testing.T) {
	w, _, _ := newTLSWorld(t, "")
	pair := fmt.Sprintf("tls_server_config: {cert_file: %s, key_file: %s}\n", w.files.Cert, w.files.Key)
	users := "basic_auth_users: {alice: " + hash(t, "first") + "}\n"
	for _, c := range []struct{ first, then, want string }{
		{pair + users, pair, "basic_auth_users is gone"},
		{pair + users, users, "whether there is TLS is decided at the start"},
		{users, pair + users, "whether there is TLS is decided at the start"},
		{pair, pair + users, ""},
	} {
		path := filepath.Join(t.TempDir(), "web.yml")
		write(t, path, c.first)
		log, out := logTo()
		web, err := OpenWebConfig(path, log)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, c.then)
		web.later(time.Second)
		if want := strings.Contains(c.first, "users") || c.want == ""; web.Users() != want {
			t.Errorf("%q then %q: a password is wanted: %v", c.first, c.then, web.Users())
		}
		if (web.TLS() != nil) != strings.Contains(c.first, "tls") {
			t.Errorf("%q then %q: TLS came or went", c.first, c.then)
		}
		if !strings.Contains(out.String(), c.want) || c.want == "" && out.Len() > 0 {
			t.Errorf("the log is %q, want %q", out, c.want)
		}
	}
}

// Certificates of the server are rotated, those of clients checked by their names;
// paths are relative to the file.
func TestWebConfigTLS(t *testing.T) {
	good := newAuthority(t, "clients")
	world, _, _ := newTLSWorld(t, "")
	dir := filepath.Dir(world.files.Cert)
	write(t, filepath.Join(dir, "ca.crt"), string(good.pem))
	path := filepath.Join(dir, "web.yml")
	put := func(san string) {
		write(t, path, `tls_server_config:
  cert_file: crt
  key_file: key
  client_ca_file: ca.crt
  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans: [`+san+`]
  min_version: TLS13
`)
	}
	put("localhost")
	web, err := OpenWebConfig(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !web.WantsClientCert() {
		t.Error("it does not want a client's certificate")
	}
	l, err := ListenTCP("127.0.0.1:0", web.TLS())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	world.addr = l.Addr().String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.(*tls.Conn).Handshake()
			c.Close()
		}
	}()
	meet := func(config *tls.Config) string {
		name, err := world.meet(t, config)
		if err != nil {
			return "refused"
		}
		return name
	}
	alice := func() string { return meet(&tls.Config{Certificates: []tls.Certificate{good.pair(t, "alice")}}) }
	if got := alice(); got != "first" {
		t.Errorf("got %q, want first", got)
	}
	if got := meet(&tls.Config{}); got != "refused" {
		t.Errorf("without a certificate: %q", got)
	}
	if got := meet(&tls.Config{MaxVersion: tls.VersionTLS12, Certificates: []tls.Certificate{good.pair(t, "alice")}}); got != "refused" {
		t.Errorf("TLS 1.2: %q", got)
	}
	world.put(t, "second")
	until(t, "second", alice)
	put("prom.example")
	until(t, "refused", alice)
}

func TestNamesOfAClient(t *testing.T) {
	leaf := &x509.Certificate{DNSNames: []string{"prom.example"}, EmailAddresses: []string{"a@b.example"}, IPAddresses: []net.IP{net.IPv4(10, 0, 0, 1)}}
	for _, c := range []struct {
		name string
		want bool
	}{{"prom.example", true}, {"a@b.example", true}, {"10.0.0.1", true}, {"example", false}, {"", false}} {
		err := tlsRules{sans: []string{c.name}}.allowed(tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}})
		if (err == nil) != c.want {
			t.Errorf("%q: %v", c.name, err)
		}
	}
	if (tlsRules{sans: []string{""}}).allowed(tls.ConnectionState{}) == nil {
		t.Error("nobody is let in")
	}
}

// An unknown user is compared with the costliest hash, so that the time does not tell
// who exists.
func TestUnknownUsersCostTheSame(t *testing.T) {
	costly, err := bcrypt.GenerateFromPassword([]byte("b"), bcrypt.MinCost+2)
	if err != nil {
		t.Fatal(err)
	}
	b := newBasicUsers(map[string][]byte{"a": []byte(hash(t, "a")), "b": costly})
	if string(b.dummy) != string(costly) {
		t.Errorf("an unknown user is compared with %s, want the hash of cost %d", b.dummy, bcrypt.MinCost+2)
	}
	if b.check("nobody", "b") {
		t.Error("nobody comes in with the password of the dummy")
	}
	if len(b.right) != 0 {
		t.Error("something wrong is remembered")
	}
}

func TestAttemptsAreBounded(t *testing.T) {
	var a Attempts
	var leave []func()
	for i := range attemptsOfHost {
		l, ok := a.Enter("192.0.2.1:" + fmt.Sprint(1000+i))
		if !ok {
			t.Fatalf("place %d is refused", i)
		}
		leave = append(leave, l)
	}
	if _, ok := a.Enter("192.0.2.1:9"); ok {
		t.Error("one host has more places than it may")
	}
	if _, ok := a.Enter("192.0.2.2:9"); !ok {
		t.Error("another host has none")
	}
	leave[0]()
	leave[0]() // twice is once
	if _, ok := a.Enter("192.0.2.1:9"); !ok {
		t.Error("the place that was given back is lost")
	}
	if _, ok := a.Enter("192.0.2.1:9"); ok {
		t.Error("a place was given back twice")
	}
	for i := range attemptsOfAll {
		a.Enter(fmt.Sprintf("10.0.%d.1:1", i))
	}
	if _, ok := a.Enter("10.1.1.1:1"); ok {
		t.Error("there is no bound for all")
	}
}
