package linux

import (
	"os"
	"testing"
)

func TestKeepThreads(t *testing.T) {
	KeepThreads()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil || len(threads) <= spareThreads {
		t.Errorf("%d threads, want more than %d (%v)", len(threads), spareThreads, err)
	}
}
