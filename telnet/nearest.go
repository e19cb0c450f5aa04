package telnet

import "fmt"

// didYouMean returns "did you mean PREFIXword? " with the known word that is
// nearest to what was written, or "" when none is near.
func didYouMean(prefix, written string, known []string) string {
	best, least := "", 1+max(1, len(written)/3)
	if len(written) > 64 {
		return ""
	}
	for _, word := range known {
		if d := distance(written, word); d < least {
			best, least = word, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %s%s? ", prefix, best)
}

// distance counts the letters to add, drop, change or swap with their neighbour
// between two words.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}
