package manager

import (
	"errors"
	"os"
	"strings"

	"github.com/processmanager/processmanager/supervisor/internal/linux"
)

// Hide overwrites a secret where everybody of this user can read it: the environment
// variable, and the values of the flag of that name (-name X, -name=X, or with two
// dashes) before a "--". It costs nothing when there is none. Clone what is needed of
// os.Args before. The error says why it may still be seen.
func Hide(variable, flag string) error {
	var errs []error
	if _, given := os.LookupEnv(variable); given {
		errs = append(errs, linux.EraseEnv(variable))
	}
	for i := 1; i < len(os.Args) && os.Args[i] != "--"; i++ {
		dashed := strings.TrimPrefix(strings.TrimPrefix(os.Args[i], "-"), "-")
		switch name, _, given := strings.Cut(dashed, "="); {
		case name != flag || dashed == os.Args[i]:
		case given:
			errs = append(errs, linux.EraseArg(i, strings.IndexByte(os.Args[i], '=')+1))
		case i+1 < len(os.Args):
			errs = append(errs, linux.EraseArg(i+1, 0))
			i++
		}
	}
	return errors.Join(errs...)
}
