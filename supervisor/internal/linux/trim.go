package linux

import (
	"bytes"
	"os"
	"runtime/debug"
	"strconv"

	"golang.org/x/sys/unix"
)

// Trim gives memory back that a start has used and a quiet manager does not: garbage on
// the heap, and the pages of the program itself, which stay in the page cache and are
// mapped again when they are needed. Most of what a small manager has mapped is code that
// only its start has run, and its neighbours: the kernel maps 64 KiB around a page that
// is touched. It costs about a millisecond and holds up nobody.
func (*System) Trim() {
	debug.FreeOSMemory()
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return // no /proc: the memory stays mapped
	}
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	for _, at := range cleanMappings(smaps, program) {
		_, _, _ = unix.RawSyscall(unix.SYS_MADVISE, at.start, at.end-at.start, unix.MADV_DONTNEED) // what stays mapped stays mapped
	}
}

// mapping is a part of the address space.
type mapping struct{ start, end uintptr }

// cleanMappings reads /proc/self/smaps, see proc_pid_smaps(5), and returns the mappings of
// the program's file that can be dropped: they cannot be written, and none of their pages
// is a copy that differs from the file (of relocations, or of a debugger).
func cleanMappings(smaps []byte, program string) []mapping {
	var list []mapping
	var at mapping
	candidate := false
	for line := range bytes.Lines(smaps) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		if key, value, ok := bytes.Cut(line, []byte(":")); ok && !bytes.ContainsAny(key, " -") {
			if candidate && string(key) == "Anonymous" && string(bytes.TrimSpace(value)) == "0 kB" {
				list = append(list, at)
			}
			continue
		}
		at, candidate = ofProgram(line, program)
	}
	return list
}

// ofProgram reads the first line of a mapping: START-END PERMISSIONS OFFSET DEVICE INODE PATH.
func ofProgram(line []byte, program string) (mapping, bool) {
	head, path, ok := bytes.Cut(line, []byte("/"))
	f := bytes.Fields(head)
	if !ok || "/"+string(path) != program || len(f) != 5 || len(f[1]) != 4 || f[1][0] != 'r' || f[1][1] != '-' || f[1][3] != 'p' {
		return mapping{}, false
	}
	from, to, _ := bytes.Cut(f[0], []byte("-"))
	start, err := strconv.ParseUint(string(from), 16, 64)
	if err != nil {
		return mapping{}, false
	}
	end, err := strconv.ParseUint(string(to), 16, 64)
	return mapping{uintptr(start), uintptr(end)}, err == nil && end > start
}
