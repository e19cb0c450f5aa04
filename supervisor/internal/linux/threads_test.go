package linux

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestKeepThreads(t *testing.T) {
	KeepThreads()
	if n := threads(); n <= spareThreads {
		t.Errorf("%d threads, want more than %d", n, spareThreads)
	}
	noZombies(t)
}

// Where there is little room, or none, PID 1 lives, and half of the room is the children's.
func TestKeepThreadsBelowALimit(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("to be another user needs root")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range []int{0, 9, 30} {
		cmd := exec.Command(exe, strconv.Itoa(room))
		cmd.Env = append(os.Environ(), childMode+"=threads")
		out, err := cmd.CombinedOutput()
		var kept, left int
		if _, scanErr := fmt.Sscan(string(out), &kept, &left); err != nil || scanErr != nil {
			t.Errorf("room for %d: %v\n%s", room, err, out)
			continue
		}
		if kept > room/2 || kept+left > room || left < room/2 {
			t.Errorf("room for %d: %d threads more, and room for %d", room, kept, left)
		}
	}
}

// keptThreads plays a manager of a user of its own, with room for so many tasks more.
func keptThreads(args []string) int {
	noOtherUser := 1<<20 + rand.IntN(1<<30) // the kernel counts a user's tasks in all namespaces: another run's, too
	room, _ := strconv.Atoi(args[0])
	keepThreads(16) // what the runtime needs for what follows, also when nothing gets on for a while
	had := threads()
	limit := unix.Rlimit{Cur: uint64(had + room), Max: uint64(had + room)}
	if unix.Setrlimit(unix.RLIMIT_NPROC, &limit) != nil || syscall.Setresuid(noOtherUser, noOtherUser, noOtherUser) != nil {
		return 1
	}
	KeepThreads()
	fmt.Println(threads()-had, freePlaces(room+1))
	return 0
}

// threads counts ours; -1: that is not known.
func threads() int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return -1
	}
	_, rest, _ := strings.Cut(string(text), "\nThreads:")
	n, _ := strconv.Atoi(strings.Fields(rest)[0])
	return n
}
