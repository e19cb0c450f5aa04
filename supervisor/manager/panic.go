package manager

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// ErrPanic is in the error of a manager that has failed because of a mistake in it.
var ErrPanic = errors.New("a mistake in this program")

// panicGrace is how long processes have to end when nobody manages them any more.
const panicGrace = 2 * time.Second

// RunGuarded is Run, and survives a panic of the goroutine that runs it: what it has
// started is asked to end and then killed, and the error, which wraps ErrPanic, tells
// where the mistake is. A panic of another goroutine ends the program.
func (m *Manager) RunGuarded(ctx context.Context) (code int, err error) {
	defer func() {
		if what := recover(); what != nil {
			err = fmt.Errorf("%w: %v\n%s", ErrPanic, what, debug.Stack())
			m.endUnmanaged()
		}
	}()
	return m.Run(ctx), nil
}

// endUnmanaged ends everything without the loop.
func (m *Manager) endUnmanaged() {
	if m.os == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), panicGrace)
	defer cancel()
	for _, left := range m.os.EndRest(ctx, m.tellOfRest) {
		m.log.Error("a process is left behind", "pid", left.PID, "command", left.Command)
	}
	m.console.Close(time.Second)
}
