package traps_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// cgroup makes a group with a controller of the old kind, or of the new one where it
// has that too; the end of the test removes it. Where the old freezer is not mounted,
// as on most hosts with cgroup v2, it is mounted for the test: only there a frozen
// process does not die of SIGKILL.
func cgroup(t *testing.T, controller string) string {
	t.Helper()
	const root = "/sys/fs/cgroup"
	knob := map[string]string{"pids": "pids.max", "freezer": "freezer.state"}[controller]
	_ = os.WriteFile(filepath.Join(root, "cgroup.subtree_control"), []byte("+"+controller), 0o644) // may be there already
	var why error
	for _, place := range []func() (string, error){
		func() (string, error) { return filepath.Join(root, controller), nil },
		func() (string, error) { return root, nil },
		func() (string, error) { return mounted(t, controller) },
	} {
		parent, err := place()
		if err == nil {
			var dir string
			if dir, err = groupWith(parent, knob); err == nil {
				t.Cleanup(func() {
					eventually(t, dir+" is empty", func() bool { return os.Remove(dir) == nil })
				})
				return dir
			}
		}
		why = err
	}
	t.Skipf("no group of %s can be made here: %v", controller, why)
	return ""
}

// groupWith makes a group in which the knob is.
func groupWith(parent, knob string) (string, error) {
	if _, err := os.Stat(filepath.Join(parent, "cgroup.procs")); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(parent, "pmtrap")
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, knob)); err != nil {
		_ = os.Remove(dir) // the error to tell is the other one
		return "", err
	}
	return dir, nil
}

// mounted is the old hierarchy of a controller, until the test ends.
func mounted(t *testing.T, controller string) (string, error) {
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "cgroup", 0, controller); err != nil {
		return "", err
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir, nil
}
