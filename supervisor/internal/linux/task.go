package linux

import (
	"context"
	"errors"
)

// Exec runs a task of a process: a probe, a hook. It returns when the leader has
// ended and nothing of the task's tree is left, which is killed with the leader's end
// or when ctx ends; then the error is that of ctx. An error without ctx's end is that
// of the spawn. The exit is valid without an error. id.Name is that of the process, a
// slash and a word; id.Gen is not used twice for a name.
func (s *System) Exec(ctx context.Context, id Life, c Command) (Exit, error) {
	return Exit{}, errors.New("not made yet")
}
