package linux

import (
	"bytes"
	"errors"
	"os"
	"strconv"
)

// What the kernel has given this program at its start lies on its stack, and
// /proc/PID/cmdline and /proc/PID/environ show that memory. It is ours to write to.

// EraseEnv overwrites the value of an environment variable there, and forgets the
// variable. The error says why it may still be seen.
func EraseEnv(name string) error {
	_ = os.Unsetenv(name) // fails for impossible names only
	return eraseBlock(envBlock, func(entry []byte) int {
		if bytes.HasPrefix(entry, []byte(name+"=")) {
			return len(name) + 1
		}
		return len(entry)
	})
}

// EraseArg overwrites the i-th argument of this program there, from a byte on.
func EraseArg(i, from int) error {
	n := -1
	return eraseBlock(argBlock, func(entry []byte) int {
		if n++; n == i {
			return min(from, len(entry))
		}
		return len(entry)
	})
}

// The fields of /proc/PID/stat where a block begins, counted after the name; the next
// field is where it ends. See proc_pid_stat(5).
const (
	argBlock = 48 - 3
	envBlock = 50 - 3
)

// eraseBlock overwrites, in each entry of a block, the bytes from where keep says.
func eraseBlock(field int, keep func(entry []byte) int) error {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return err
	}
	words := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(words) < field+2 {
		return errors.New("/proc/self/stat does not say where it is")
	}
	begin, err := strconv.ParseInt(string(words[field]), 10, 64)
	if err != nil {
		return err
	}
	end, err := strconv.ParseInt(string(words[field+1]), 10, 64)
	if err != nil || end <= begin || end-begin > maxBlock {
		return errors.Join(err, errors.New("/proc/self/stat does not say where it is"))
	}
	mem, err := os.OpenFile("/proc/self/mem", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { _ = mem.Close() }()
	block := make([]byte, end-begin)
	if _, err := mem.ReadAt(block, begin); err != nil {
		return err
	}
	for at := 0; at < len(block); {
		size := bytes.IndexByte(block[at:], 0)
		if size < 0 {
			size = len(block) - at
		}
		entry := block[at : at+size]
		if from := keep(entry); from < size {
			if _, err := mem.WriteAt(bytes.Repeat([]byte{'*'}, size-from), begin+int64(at+from)); err != nil {
				return err
			}
		}
		at += size + 1
	}
	return nil
}

// maxBlock is more than Linux passes.
const maxBlock = 64 << 20
