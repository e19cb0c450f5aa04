package main

import (
	"flag"
	"fmt"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// misspelt adds to the error about a flag that there is none of the one that was probably
// meant.
func misspelt(err error, set *flag.FlagSet) error {
	word, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return err
	}
	var names []string
	set.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	if near := supervisor.Nearest(word, names); near != "" {
		return fmt.Errorf("%w (did you mean -%s?)", err, near)
	}
	return err
}
