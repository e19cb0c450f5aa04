package linux

import (
	"bytes"
	"os"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCleanMappings(t *testing.T) {
	const smaps = `00400000-00a22000 r-xp 00000000 fe:00 1234                               /bin/a b
Size:               6280 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
00a22000-0110b000 r--p 00622000 fe:00 1234                               /bin/a b
Anonymous:             8 kB
0110b000-01186000 rw-p 00d0b000 fe:00 1234                               /bin/a b
Anonymous:             0 kB
01186000-031ca000 rw-p 00000000 00:00 0
Anonymous:             0 kB
7f0000000000-7f0000001000 r--s 00000000 fe:00 1234                       /bin/a b
Anonymous:             0 kB
7f0000002000-7f0000003000 r--p 00001000 fe:00 1234                       /bin/a b
Anonymous:             0 kB
7f0000004000-7f0000005000 r-xp 00000000 fe:00 99                         /lib/other
Anonymous:             0 kB
7f0000006000-7f0000007000 ---p 00000000 fe:00 1234                       /bin/a b
Anonymous:             0 kB
7ffc584ca000-7ffc584eb000 rw-p 00000000 00:00 0                          [stack]
Anonymous:            16 kB
`
	// Not those that are written, shared, changed (relocated), inaccessible, or of another file.
	want := []mapping{{0x400000, 0xa22000}, {0x7f0000002000, 0x7f0000003000}}
	if diff := cmp.Diff(want, cleanMappings([]byte(smaps), "/bin/a b"), cmp.AllowUnexported(mapping{})); diff != "" {
		t.Errorf("mappings (-want +got):\n%s", diff)
	}
	if got := cleanMappings([]byte("nonsense\n1-2 r-xp\n/bin/a b\n"), "/bin/a b"); len(got) != 0 {
		t.Errorf("of nonsense: %v", got)
	}
}

func TestTrim(t *testing.T) {
	before := residentFile(t)
	(&System{}).Trim()
	after := residentFile(t)
	if after >= before {
		t.Errorf("mapped pages of files: %d kB before, %d kB after", before, after)
	}
}

// residentFile is RssFile of /proc/self/status, in kB.
func residentFile(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := bytes.Cut(status, []byte("RssFile:"))
	if !ok {
		t.Fatalf("no RssFile in\n%s", status)
	}
	n, err := strconv.Atoi(string(bytes.Fields(rest)[0]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
