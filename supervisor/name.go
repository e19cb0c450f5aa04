package supervisor

import "fmt"

// MaxName is the greatest length of a process name, in bytes: that of a DNS
// label, so that a name fits everywhere it is used.
const MaxName = 63

// CheckName returns an error wrapping ErrInvalid unless name matches
// [A-Za-z0-9][A-Za-z0-9_.-]{0,62}: safe in URLs, file names, labels and
// heroscript.
func CheckName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: the name is empty", ErrInvalid)
	case len(name) > MaxName:
		return fmt.Errorf("%w: the name is %d bytes long, at most %d are allowed", ErrInvalid, len(name), MaxName)
	}
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || c != '_' && c != '.' && c != '-') {
			return fmt.Errorf("%w: name %q: byte %d is not allowed (want letters, digits, '_', '.', '-', beginning with a letter or digit)", ErrInvalid, name, i+1)
		}
	}
	return nil
}
