package permission

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The file itself, and the folder on the way, are told with their owner and mode. Who is kept
// out for real is another user: cmd/processmanager has that test.
func TestDenied(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "secret")
	if err := os.WriteFile(file, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	me := fmt.Sprintf("uid %d, gid %d", os.Getuid(), os.Getgid())
	want := "this user (" + me + ") may not read it (uid " + fmt.Sprint(os.Getuid()) + ", "
	if got := Denied(file, "read it"); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, ", mode 0640)") {
		t.Errorf("%q, want it to begin with %q and to tell the mode", got, want)
	}
	if got, want := Denied(filepath.Join(dir, "no", "where"), "read it"), "this user ("+me+") may not read it"; got != want {
		t.Errorf("of nothing: %q, want %q", got, want)
	}
	if os.Getuid() != 0 {
		if err := os.Chmod(dir, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
		if got := Denied(file, "read it"); !strings.Contains(got, "may not enter "+dir+" (uid ") {
			t.Errorf("behind a closed folder: %q", got)
		}
	}
}
