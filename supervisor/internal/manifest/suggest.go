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

// maxSuggested bounds how many words are looked up in a long list: so many errors are shown.
const maxSuggested = maxShown

// A speller suggests names out of a list that is as long as a manifest.
type speller struct {
	known []string
	asked int
}

// suggest is the function suggest for the first words; later ones have no suggestion.
func (s *speller) suggest(word string) string {
	if s.asked++; s.asked > maxSuggested {
		return ""
	}
	return suggest(word, s.known)
}
