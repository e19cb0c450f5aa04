package linux

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/processmanager/processmanager/supervisor"
)

// rights are what a process may do, as /proc/PID/status shows it; see proc(5) and
// capabilities(7).
type rights struct {
	uid, gid   [4]uint32 // real, effective, saved, of the file system
	groups     []uint32
	noNewPrivs bool

	// Sets of capabilities: bit n is the capability with number n.
	inheritable, permitted, effective, bounding, ambient uint64
}

// can reports whether a capability is in force.
func (r *rights) can(capability int) bool { return r.effective&(1<<capability) != 0 }

// ownRights are those of this program, which does not change them.
var ownRights = sync.OnceValues(func() (*rights, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return nil, fmt.Errorf("cannot learn the rights of the manager: %w", err)
	}
	return parseRights(status)
})

// parseRights reads a /proc/PID/status.
func parseRights(status []byte) (*rights, error) {
	r := &rights{}
	sets := map[string]*uint64{
		"CapInh": &r.inheritable, "CapPrm": &r.permitted, "CapEff": &r.effective, "CapBnd": &r.bounding, "CapAmb": &r.ambient,
	}
	found, needed := 0, 6
	for line := range bytes.Lines(status) {
		key, value, _ := strings.Cut(string(line), ":")
		words := strings.Fields(value)
		var err error
		switch {
		case key == "Uid":
			err = parseIDs(r.uid[:], words)
			found++
		case key == "Gid":
			err = parseIDs(r.gid[:], words)
			found++
		case key == "Groups":
			r.groups = make([]uint32, len(words))
			err = parseIDs(r.groups, words)
		case key == "NoNewPrivs":
			r.noNewPrivs = len(words) == 1 && words[0] == "1"
		case sets[key] != nil && len(words) == 1:
			*sets[key], err = strconv.ParseUint(words[0], 16, 64)
			if key != "CapAmb" { // not where the kernel is older than 4.3, or gVisor
				found++
			}
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read the line %s of /proc/self/status: %w", key, err)
		}
	}
	if found < needed {
		return nil, fmt.Errorf("cannot learn the rights of the manager: /proc/self/status has %d of %d lines", found, needed)
	}
	return r, nil
}

func parseIDs(into []uint32, words []string) error {
	if len(words) != len(into) {
		return fmt.Errorf("%d numbers, want %d", len(words), len(into))
	}
	for i, w := range words {
		n, err := strconv.ParseUint(w, 10, 32)
		if err != nil {
			return err
		}
		into[i] = uint32(n)
	}
	return nil
}

// capabilityName is the name with CAP_, for messages.
func capabilityName(n int) string {
	if names := supervisor.CapabilityNames(); n < len(names) {
		return "CAP_" + names[n]
	}
	return "capability " + strconv.Itoa(n) // of a kernel that is newer than the list
}

// capabilitySet turns names into a set; all is what ALL stands for.
func capabilitySet(names []string, all uint64) (uint64, error) {
	var set uint64
	for _, name := range names {
		if strings.EqualFold(name, supervisor.AllCapabilities) {
			set |= all
			continue
		}
		n, ok := supervisor.CapabilityNumber(name)
		if !ok {
			return 0, fmt.Errorf("unknown capability %q", name)
		}
		set |= 1 << n
	}
	return set, nil
}

// bits yields the numbers in a set.
func bits(set uint64) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for n := range 64 {
			if set&(1<<n) != 0 && !yield(n) {
				return
			}
		}
	}
}

// capabilityList is a set in words.
func capabilityList(set uint64) string {
	var names []string
	for n := range bits(set) {
		names = append(names, capabilityName(n))
	}
	return strings.Join(names, ", ")
}
