package watch

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// table is what a container of a Pod sees; ETC stands for a directory.
const table = `1290 1187 0:271 / / rw,relatime master:385 - overlay overlay rw,lowerdir=/a:/b
1291 1290 0:276 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
1309 1290 253:1 /var/lib/kubelet/pods/x/volumes/kubernetes.io~configmap/all ETC/whole ro,relatime - ext4 /dev/vda1 rw
1310 1290 253:1 /var/lib/kubelet/pods/x/volume-subpaths/all/main/2 ETC/pm.yaml ro,relatime - ext4 /dev/vda1 rw
1311 1290 253:1 /x ETC/with\040blank\134.yaml rw shared:7 master:2 - ext4 /dev/vda1 rw
1312 1290 0:44 / /dev/shm rw - tmpfs shm rw
half a line`

func TestT55MountedFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mountinfo")
	write(t, path, strings.ReplaceAll(table, "ETC", "/etc"))
	got := mountedFiles(path, []string{"/etc/pm.yaml", "/etc/whole/pm.yaml", `/etc/with blank\.yaml`, "/etc/other.yaml"})
	if diff := cmp.Diff([]string{"/etc/pm.yaml", `/etc/with blank\.yaml`}, got); diff != "" {
		t.Error(diff)
	}
	if got := mountedFiles(path+".gone", []string{"/etc/pm.yaml"}); got != nil {
		t.Errorf("without a table: %q", got)
	}
}

// TestT55WarnsOnce: a file of a subPath mount, alone or in a directory, is named
// once, however often it changes.
func TestT55WarnsOnce(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	write(t, filepath.Join(dir, "pm.yaml"), "a")
	info := filepath.Join(t.TempDir(), "mountinfo")
	write(t, info, strings.ReplaceAll(table, "ETC", dir))
	for _, path := range []string{dir, filepath.Join(dir, "pm.yaml")} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var lines []string
			go func() {
				for i := range 5 {
					time.Sleep(10 * time.Second)
					write(t, filepath.Join(dir, fmt.Sprint(i, ".yaml")), strings.Repeat("x", i))
				}
			}()
			watch(ctx, path, Options{
				Changed: func() {},
				Warn:    func(msg string, args ...any) { lines = append(lines, fmt.Sprint(msg, args)) },
			}, newFake().open, info)
			if len(lines) != 1 || !strings.Contains(lines[0], "subPath") || !strings.Contains(lines[0], "pm.yaml") {
				t.Errorf("warned %q", lines)
			}
		})
	}
}

// The directory of a file that is mounted by itself hears nothing when somebody writes into
// it from outside, as an editor on the host does: it is looked at every second.
func TestSingleFileIsPolled(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	file := filepath.Join(dir, "pm.yaml")
	write(t, file, "a")
	info := filepath.Join(t.TempDir(), "mountinfo")
	write(t, info, strings.ReplaceAll(table, "ETC", dir))
	for _, path := range []string{dir, file} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var told time.Time
			written := make(chan time.Time, 1)
			go func() {
				time.Sleep(30*time.Second + time.Millisecond) // just after a look
				write(t, file, path+" is longer now")
				written <- time.Now()
			}()
			watch(ctx, path, Options{Changed: func() { told = time.Now() }}, newFake().open, info)
			if late := told.Sub(<-written); late < 0 || late > 2*time.Second {
				t.Errorf("%s: told after %v", path, late)
			}
		})
	}
}

func FuzzMountPoints(f *testing.F) {
	f.Add([]byte(table))
	f.Add([]byte(`1 2 3 4 \ \0 \040 \777`))
	f.Add([]byte("1 2 3 4 a\\01\n1 2 3 4 a\\0100"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			t.Skip()
		}
		if n := len(mountPoints(data)); n > bytes.Count(data, []byte{'\n'})+1 {
			t.Errorf("%d mount points", n)
		}
		// What the kernel escapes is read back.
		name := string(data)
		escaped := strings.NewReplacer(" ", `\040`, "\t", `\011`, "\n", `\012`, `\`, `\134`, "#", `\043`).Replace(name)
		if got := unescape(escaped); got != name {
			t.Errorf("%q became %q", name, got)
		}
	})
}

func TestMountInfoIsThere(t *testing.T) {
	data, err := os.ReadFile(mountInfo)
	if err != nil {
		t.Skip(err)
	}
	if !mountPoints(data)["/proc"] {
		t.Errorf("/proc is not in\n%s", data)
	}
}
