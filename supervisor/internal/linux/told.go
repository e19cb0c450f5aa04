package linux

import (
	"bytes"
	"os"
	"path"
	"strconv"
	"strings"
)

// commMax is the length at which the kernel cuts the name of a process off.
const commMax = 15

// read asks a process itself; what it may not be asked stays unknown. It reports false when
// the process is not there any more. Gopsutil tells the same, but its package for that reads
// /proc/stat twice at the start of every program that has it, the longer the more processors
// there are.
func (m *Member) read(of stamp) bool {
	dir := "/proc/" + strconv.Itoa(of.pid)
	file := func(name string) []byte {
		text, _ := os.ReadFile(dir + "/" + name)
		return text
	}
	m.Argv = parseArgv(file("cmdline"))
	m.Name = fullName(strings.TrimSuffix(string(file("comm")), "\n"), m.Argv)
	if uid, ok := parseUID(file("status")); ok {
		m.UID = uid
	}
	if fields := bytes.Fields(file("statm")); len(fields) > 1 {
		if pages, ok := number(fields[1]); ok {
			m.Resident = pages * pageSize // exact, where that of the sample may lag a little
		}
	}
	if list, err := os.Open(dir + "/fd"); err == nil {
		if names, err := list.Readdirnames(-1); err == nil {
			m.OpenFDs = len(names)
		}
		_ = list.Close()
	}
	var p procStat
	if parseIO(file("io"), &p) {
		m.ReadBytes, m.WriteBytes = &p.readBytes, &p.writeBytes
	}
	var now procStat
	return parseStat(file("stat"), &now) && now.start == of.start
}

// parseArgv reads a /proc/PID/cmdline: each argument ends with a NUL byte. A program that
// has written a title there may have left more of them behind it.
func parseArgv(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimRight(string(text), "\x00"), "\x00")
}

// fullName is the name of a process, of which the kernel keeps the first commMax bytes; its
// first argument may have all of it.
func fullName(comm string, argv []string) string {
	if len(comm) < commMax || len(argv) == 0 {
		return comm
	}
	if base := path.Base(argv[0]); strings.HasPrefix(base, comm) {
		return base
	}
	return comm
}

// parseUID finds the effective user in a /proc/PID/status: the second of real, effective,
// saved and that of file systems.
func parseUID(text []byte) (uid int, ok bool) {
	for line := range bytes.Lines(text) {
		if list, found := bytes.CutPrefix(line, []byte("Uid:")); found {
			fields := bytes.Fields(list)
			if len(fields) < 2 {
				return 0, false
			}
			n, ok := number(fields[1])
			return int(n), ok
		}
	}
	return 0, false
}
