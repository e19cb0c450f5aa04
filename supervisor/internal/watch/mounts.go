package watch

import (
	"bytes"
	"os"
	"slices"
	"strings"
)

// mountInfo is the kernel's list of the mounts of this process, proc_pid_mountinfo(5).
const mountInfo = "/proc/self/mountinfo"

// mountedFiles returns those of the files that are mount points themselves: a volume
// mounted with subPath, or a single file given to a container engine.
func mountedFiles(table string, files []string) []string {
	data, err := os.ReadFile(table)
	if err != nil { // no /proc: nothing can be said
		return nil
	}
	points := mountPoints(data)
	return slices.DeleteFunc(slices.Clone(files), func(file string) bool { return !points[file] })
}

// mountPoints reads the mount points from the fifth field of each line.
func mountPoints(table []byte) map[string]bool {
	points := map[string]bool{}
	for line := range bytes.Lines(table) {
		if fields := bytes.Fields(line); len(fields) > 4 {
			points[unescape(string(fields[4]))] = true
		}
	}
	return points
}

// unescape undoes the kernel's writing of blanks and backslashes: three octal digits
// behind a backslash.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) && octal(text[i+1:i+4]) {
			out.WriteByte(text[i+1]<<6 | text[i+2]&7<<3 | text[i+3]&7)
			i += 3
			continue
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

func octal(digits string) bool {
	return digits[0] >= '0' && digits[0] <= '3' && digits[1] >= '0' && digits[1] <= '7' && digits[2] >= '0' && digits[2] <= '7'
}
