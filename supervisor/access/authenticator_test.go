package access

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

const (
	planted = "pl4nted-full-secret"
	looker  = "pl4nted-viewer-secret"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func newAuth(t *testing.T, s Secrets, log *slog.Logger) *Authenticator {
	t.Helper()
	a, err := NewAuthenticator(s, log)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// logTo returns a logger and what it wrote.
func logTo() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewTextHandler(&b, nil)), &b
}

// pass moves the time that the file behind a secret believes in.
func pass(s source, d time.Duration) {
	r := s.(*reloaded[secret])
	was := r.now()
	r.now = func() time.Time { return was.Add(d) }
}

func TestRoleOfASecret(t *testing.T) {
	dir := t.TempDir()
	full, viewer := filepath.Join(dir, "full"), filepath.Join(dir, "viewer")
	write(t, full, planted+"\n")
	write(t, viewer, looker)
	none, both := Secrets{}, Secrets{SecretFile: full, ViewerFile: viewer}
	for _, c := range []struct {
		story   string
		secrets Secrets
		given   string
		want    supervisor.Role
	}{
		{"full from a file", both, planted, supervisor.RoleOperator},
		{"full given directly", Secrets{Secret: planted}, planted, supervisor.RoleOperator},
		{"viewer", both, looker, supervisor.RoleViewer},
		{"wrong", both, "no", supervisor.RoleNone},
		{"empty", both, "", supervisor.RoleNone},
		{"beginning of the right one", both, planted[:5], supervisor.RoleNone},
		{"the file's newline is not part of it", both, planted + "\n", supervisor.RoleNone},
		{"case counts", both, strings.ToUpper(planted), supervisor.RoleNone},
		{"no secret: nothing is right", none, planted, supervisor.RoleNone},
		{"no secret: nor is nothing", none, "", supervisor.RoleNone},
	} {
		t.Run(c.story, func(t *testing.T) {
			a := newAuth(t, c.secrets, nil)
			if got := a.Check(c.given); got != c.want {
				t.Errorf("got the role %s, want %s", got, c.want)
			}
			if enabled := c.secrets != none; a.Enabled() != enabled {
				t.Errorf("Enabled is %v, want %v", a.Enabled(), enabled)
			}
		})
	}
}

func TestOneNewlineAtTheEndIsNotPartOfASecret(t *testing.T) {
	for in, want := range map[string]string{
		"a": "a", "a\n": "a", "a\r\n": "a", "a\n\n": "a\n", " a \n": " a ", "a\r": "a\r", "a\nb": "a\nb",
	} {
		path := filepath.Join(t.TempDir(), "secret")
		write(t, path, in)
		if got := newAuth(t, Secrets{SecretFile: path}, nil).Secret(); got != want {
			t.Errorf("file %q: secret %q, want %q", in, got, want)
		}
	}
}

func TestRefusedSecrets(t *testing.T) {
	dir := t.TempDir()
	good, empty, newline, large := filepath.Join(dir, "good"), filepath.Join(dir, "empty"), filepath.Join(dir, "newline"), filepath.Join(dir, "large")
	write(t, good, planted)
	write(t, empty, "")
	write(t, newline, "\n")
	write(t, large, strings.Repeat(planted, MaxSecretBytes))
	for _, c := range []struct {
		story   string
		secrets Secrets
		want    string
	}{
		{"both forms", Secrets{Secret: planted, SecretFile: good}, "given both directly and as a file"},
		{"viewer alone", Secrets{ViewerFile: good}, "no secret for full access"},
		{"same", Secrets{Secret: planted, ViewerFile: good}, "the same as"},
		{"missing", Secrets{SecretFile: filepath.Join(dir, "none")}, "secret file " + filepath.Join(dir, "none") + ": no such file"},
		{"directory", Secrets{SecretFile: dir}, "not a regular file"},
		{"empty", Secrets{SecretFile: empty}, "empty"},
		{"only a newline", Secrets{Secret: planted, ViewerFile: newline}, "empty"},
		{"too large", Secrets{SecretFile: large}, "larger than 65536 bytes"},
	} {
		t.Run(c.story, func(t *testing.T) {
			log, out := logTo()
			_, err := NewAuthenticator(c.secrets, log)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got the error %v, want one with %q", err, c.want)
			}
			if strings.Contains(err.Error()+out.String(), planted) {
				t.Errorf("the secret is in the error or the log: %v %s", err, out)
			}
		})
	}
}

func TestRotation(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "secret")
	write(t, path, planted)
	log, out := logTo()
	a := newAuth(t, Secrets{SecretFile: path}, log)
	expect := func(story, given string, want supervisor.Role) {
		t.Helper()
		if got := a.Check(given); got != want {
			t.Errorf("%s: %s, want %s", story, got, want)
		}
	}
	write(t, path, "second")
	expect("not looked at again within the second", planted, supervisor.RoleOperator)
	pass(a.full, time.Second)
	expect("the new one holds", "second", supervisor.RoleOperator)
	expect("the old one does not", planted, supervisor.RoleNone)

	write(t, path, "") // half written
	pass(a.full, time.Second)
	expect("an empty file changes nothing", "second", supervisor.RoleOperator)
	pass(a.full, time.Second)
	expect("ever", "", supervisor.RoleNone)
	if n := strings.Count(out.String(), "empty"); n != 1 {
		t.Errorf("the empty file was logged %d times, want once:\n%s", n, out)
	}
	os.Remove(path)
	pass(a.full, time.Second)
	expect("a missing file changes nothing", "second", supervisor.RoleOperator)
	pass(a.full, time.Second)
	expect("still", "second", supervisor.RoleOperator)
	if n := strings.Count(out.String(), "no such file"); n != 1 {
		t.Errorf("the missing file was logged %d times, want once:\n%s", n, out)
	}
	write(t, path, "third\n")
	pass(a.full, time.Second)
	expect("it came back", "third", supervisor.RoleOperator)
	if strings.Contains(out.String(), "second") || strings.Contains(out.String(), "third") {
		t.Errorf("a secret is in the log:\n%s", out)
	}
}

// Two writes within one tick of the file system's clock look alike.
func TestRotationToTheSameSizeInTheSameMoment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	write(t, path, "aaaa")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	a := newAuth(t, Secrets{SecretFile: path}, nil)
	write(t, path, "bbbb")
	if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	pass(a.full, time.Second)
	if got := a.Check("bbbb"); got != supervisor.RoleOperator {
		t.Errorf("the rewritten secret is not seen")
	}
}

// An old time and the same inode: only the size tells.
func TestRotationSeenByItsSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	old := time.Now().Add(-time.Hour)
	put := func(text string) {
		write(t, path, text)
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	put("aaaa")
	a := newAuth(t, Secrets{SecretFile: path}, nil)
	put("bbbbb")
	pass(a.full, time.Second)
	if got := a.Check("bbbbb"); got != supervisor.RoleOperator {
		t.Error("the rewritten secret is not seen")
	}
}

// A mounted Secret is secret -> ..data/secret, ..data -> ..2026_01; the kubelet
// swaps ..data by a rename, and both versions may have one time and size.
func TestT78RotationOfAMountedSecret(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-time.Hour)
	for version, text := range map[string]string{"..1": "aaaa", "..2": "bbbb"} {
		if err := os.Mkdir(filepath.Join(dir, version), 0o755); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, version, "secret")
		write(t, file, text)
		if err := os.Chtimes(file, old, old); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("..1", "..data")
	link("..data/secret", "secret")
	a := newAuth(t, Secrets{SecretFile: filepath.Join(dir, "secret")}, nil)
	link("..2", "..tmp")
	if err := os.Rename(filepath.Join(dir, "..tmp"), filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	pass(a.full, time.Second)
	if got := a.Check("bbbb"); got != supervisor.RoleOperator {
		t.Error("the swapped secret is not seen")
	}
	if got := a.Check("aaaa"); got != supervisor.RoleNone {
		t.Error("the old secret still holds")
	}
}

func TestAnUnchangedFileIsReadOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	write(t, path, planted)
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	a := newAuth(t, Secrets{SecretFile: path}, nil)
	file, reads := a.full.(*reloaded[secret]), 0
	load := file.load
	file.load = func() (secret, error) { reads++; return load() }
	for range 100 {
		pass(a.full, time.Minute)
		a.Check(planted)
	}
	if reads != 0 {
		t.Errorf("the file was read %d times again without a change", reads)
	}
}

func TestT78TenThousandWrongGuesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuth(t, Secrets{Secret: planted}, nil)
		var throttle Throttle
		start := time.Now()
		for i := range 10_000 {
			if role := a.Check(planted[:i%len(planted)] + string(rune('A'+i%26))); role != supervisor.RoleNone {
				t.Fatalf("guess %d gave the role %s", i, role)
			}
			if err := throttle.Hold(context.Background(), "192.0.2.1:4711"); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took < 27*time.Hour {
			t.Errorf("10 000 guesses took %s, want more than a day", took)
		}
		if a.Check(planted) != supervisor.RoleOperator {
			t.Error("the right secret is not right any more")
		}
	})
}
