package linux

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// accountFiles are where users and groups are looked up. They are read each time: an
// image may be changed while we run, and they are small.
type accountFiles struct {
	passwd, ofGroups string
}

// systemAccounts are those of passwd(5) and group(5).
var systemAccounts = accountFiles{passwd: "/etc/passwd", ofGroups: "/etc/group"}

// accountsMax is the size of a file above which it is refused.
const accountsMax = 16 << 20

// userEntry is one line of passwd(5). name is empty when there was none.
type userEntry struct {
	name, home string
	uid, gid   uint32
}

// user finds a user. One by number that has no entry is no error.
func (f *accountFiles) user(id supervisor.ID) (userEntry, error) {
	text, err := readAccounts(f.passwd)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return userEntry{}, fmt.Errorf("cannot look up user %q: %w", id, err)
	}
	uid, isNumber := id.Number()
	for u := range parsePasswd(text) {
		if isNumber && u.uid == uid || !isNumber && u.name == string(id) {
			return u, nil
		}
	}
	if isNumber {
		return userEntry{uid: uid}, nil
	}
	return userEntry{}, unknown("user", id, f.passwd, missing)
}

// group finds the number of a group. One by number needs no entry.
func (f *accountFiles) group(id supervisor.ID) (uint32, error) {
	if gid, ok := id.Number(); ok {
		return gid, nil
	}
	text, err := readAccounts(f.ofGroups)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return 0, fmt.Errorf("cannot look up group %q: %w", id, err)
	}
	for g := range parseGroups(text) {
		if g.name == string(id) {
			return g.gid, nil
		}
	}
	return 0, unknown("group", id, f.ofGroups, missing)
}

// groupsOf lists the groups that name a user as their member.
func (f *accountFiles) groupsOf(name string) ([]uint32, error) {
	text, err := readAccounts(f.ofGroups)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot look up the groups of user %q: %w", name, err)
	}
	var list []uint32
	for g := range parseGroups(text) {
		for member := range strings.SplitSeq(g.members, ",") {
			if member == name {
				list = append(list, g.gid)
				break
			}
		}
	}
	return list, nil
}

func unknown(what string, id supervisor.ID, file string, missing bool) error {
	if missing {
		return fmt.Errorf("unknown %s %q: %s does not exist; give the number", what, id, file)
	}
	return fmt.Errorf("unknown %s %q: it is not in %s: add it there, or give the number", what, id, file)
}

func readAccounts(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, accountsMax+1))
	if err == nil && len(text) > accountsMax {
		err = fmt.Errorf("%s is larger than %d bytes", path, accountsMax)
	}
	return string(text), err
}

// parsePasswd yields the entries of passwd(5). What is not one is passed over, as C
// libraries do: comments, lines of NIS, half a line.
func parsePasswd(text string) func(yield func(userEntry) bool) {
	return func(yield func(userEntry) bool) {
		for line := range strings.Lines(text) {
			f, n := fields(line)
			if n < 4 {
				continue
			}
			uid, okUID := parseID(f[2])
			gid, okGID := parseID(f[3])
			if okUID && okGID && !yield(userEntry{name: f[0], uid: uid, gid: gid, home: f[5]}) {
				return
			}
		}
	}
}

// groupEntry is one line of group(5).
type groupEntry struct {
	name    string
	gid     uint32
	members string // separated by commas
}

// parseGroups yields the entries of group(5).
func parseGroups(text string) func(yield func(groupEntry) bool) {
	return func(yield func(groupEntry) bool) {
		for line := range strings.Lines(text) {
			f, n := fields(line)
			if n < 3 {
				continue
			}
			gid, ok := parseID(f[2])
			if ok && !yield(groupEntry{name: f[0], gid: gid, members: f[3]}) {
				return
			}
		}
	}
}

// fields splits a line at its colons and counts what it found; 0 when it is no entry.
func fields(line string) (f [7]string, n int) {
	line = strings.TrimSpace(line)
	if line == "" || strings.IndexByte("#+-:", line[0]) >= 0 ||
		strings.IndexByte(line, 0) >= 0 { // would not survive as a value of a variable
		return f, 0
	}
	for found := true; found && n < len(f); n++ {
		f[n], line, found = strings.Cut(line, ":")
	}
	return f, n
}

// parseID reads a number that setuid and setgid take.
func parseID(text string) (uint32, bool) { return supervisor.ID(text).Number() }
