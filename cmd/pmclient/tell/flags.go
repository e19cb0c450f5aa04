package tell

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/supervisor"
)

// FlagError is what the flag parser says, without the words of strconv in which it ends when a
// value is wrong, and with the flag that was probably meant by one that there is not.
func FlagError(err error, c *cli.Command) string {
	text, _, _ := strings.Cut(err.Error(), ": strconv.")
	word, unknown := strings.CutPrefix(text, "flag provided but not defined: -")
	if !unknown {
		return text
	}
	var names []string
	for _, f := range slices.Concat(c.Flags, c.Root().Flags) {
		names = append(names, f.Names()...)
	}
	if near := supervisor.Nearest(word, names); near != "" {
		return fmt.Sprintf("%s (did you mean -%s?)", text, near)
	}
	return text
}
