package manifest

import (
	"fmt"

	"github.com/processmanager/processmanager/supervisor"
)

// suggest returns " (did you mean …?)" for the nearest of the known words, or
// nothing when none is near.
func suggest(word string, known []string) string {
	if near := supervisor.Nearest(word, known); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}
