package traps_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The variables between the tests and the roles that the test binary plays.
const (
	roleVar = "TRAP_ROLE"
	markVar = "TRAP_MARK" // names the instance, in it and in all that it starts
	hideVar = "TRAP_HIDE" // a folder that is empty for the instance
	// blindVar has /proc hide the processes of others from an instance that may not look
	// into them.
	blindVar = "TRAP_BLIND"
)

var (
	program string // path of the program under test
	child   string // path of the test binary as everyone may execute it
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleVar) {
	case "":
		os.Exit(withPrograms(m.Run))
	case "init":
		fmt.Fprintln(os.Stderr, becomeInit())
		os.Exit(111)
	case "deathsig":
		os.Exit(tellDeathSignal())
	default:
		os.Exit(99)
	}
}

// withPrograms builds the program, runs the tests and removes what was built.
func withPrograms(tests func() int) int {
	dir, err := os.MkdirTemp("", "pmtraps")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := prepare(dir); err != nil {
		fmt.Fprintln(os.Stderr, "cannot build the program:", err)
		return 1
	}
	return tests()
}

func prepare(dir string) error {
	program, child = filepath.Join(dir, "processmanager"), filepath.Join(dir, "child")
	args := []string{"build", "-o", program}
	if race {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, "../../cmd/processmanager")...).CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	data, err := os.ReadFile(self)
	if err != nil {
		return err
	}
	if err := os.WriteFile(child, data, 0o755); err != nil {
		return err
	}
	return os.Chmod(dir, 0o755)
}

// becomeInit makes the mounts of a namespace tell about that namespace, and becomes the
// program in the arguments. It returns only if it cannot.
func becomeInit() error {
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	options := ""
	if os.Getenv(blindVar) != "" {
		options = "hidepid=2,gid=54321"
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_SYS_PTRACE, 0, 0, 0); err != nil {
			return err
		}
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, options); err != nil {
		return err
	}
	if dir := os.Getenv(hideVar); dir != "" {
		if err := unix.Mount("none", dir, "tmpfs", 0, ""); err != nil {
			return err
		}
	}
	for _, name := range []string{roleVar, hideVar, blindVar} {
		os.Unsetenv(name)
	}
	return unix.Exec(os.Args[1], os.Args[1:], os.Environ())
}

// tellDeathSignal prints the signal that this process gets when its parent ends.
func tellDeathSignal() int {
	var sig int32
	if err := unix.Prctl(unix.PR_GET_PDEATHSIG, uintptr(unsafe.Pointer(&sig)), 0, 0, 0); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Printf("death signal %d\n", sig)
	return 0
}
