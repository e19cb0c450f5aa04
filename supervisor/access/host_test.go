package access

import (
	"os"
	"strings"
	"testing"
)

func TestAllowedHost(t *testing.T) {
	own, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	extra := []string{"pm.example.com", " Other.Example:8443 "}
	for host, want := range map[string]bool{
		"localhost":           true,
		"LOCALHOST:8080":      true,
		"localhost.":          true,
		own:                   true,
		strings.ToUpper(own):  true,
		own + ":80":           true,
		"127.0.0.1":           true,
		"10.1.2.3:9464":       true,
		"[::1]":               true,
		"[::1]:443":           true,
		"::1":                 true,
		"[fe80::1%eth0]:1":    true,
		"pm.example.com":      true,
		"PM.example.com.:443": true,
		"other.example":       true,

		"":                        false,
		".":                       false,
		":80":                     false,
		"evil.example":            false,
		"localhost.evil.example":  false,
		"evil.pm.example.com":     false,
		"pm.example.com.evil":     false,
		"evil@localhost":          false,
		"localhost/evil":          false,
		"localhost:80:80":         false,
		"localhost:http":          false,
		"localhost:123456":        false,
		"[localhost]":             false,
		"[127.0.0.1]":             false,
		"[::1":                    false,
		"[::1]x":                  false,
		"127.0.0.1.evil":          false,
		"127.1":                   false,
		"0x7f000001":              false,
		"null":                    false,
		"http://localhost":        false,
		"localhost\x00":           false,
		"locаlhost":               false, // a Cyrillic а
		strings.Repeat("a", 1000): false,
	} {
		if got := AllowedHost(host, extra); got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
	if AllowedHost("evil", []string{"", "*", "[", "evil:x"}) {
		t.Error("an odd entry of the list allows everything")
	}
}

func FuzzAllowedHost(f *testing.F) {
	for _, s := range []string{"localhost:1", "[::1]:80", "a.b.:", "[", "::", "[fe80::1%25x]", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if len(host) > 4096 {
			return
		}
		name, ok := hostOf(host)
		if !ok {
			if AllowedHost(host, []string{host}) {
				t.Errorf("%q is no host, but allowed", host)
			}
			return
		}
		if strings.ContainsAny(name, "/@[]#?\\ \t\r\n\x00") && !isIP(name) {
			t.Errorf("%q gives the host %q", host, name)
		}
		if !AllowedHost(host, []string{host}) {
			t.Errorf("%q is in the list, but not allowed", host)
		}
		if again, ok := hostOf(name); ok && again != name && !strings.HasSuffix(name, ".") {
			t.Errorf("%q gives %q, which gives %q", host, name, again)
		}
	})
}
