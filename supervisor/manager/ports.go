package manager

import (
	"context"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
)

// OS is what the loop asks of the operating system. linux.System is the real one;
// the methods are described there. Spawn, Stop, Kill, Signal and Forget return at
// once.
type OS interface {
	Spawn(life linux.Life, c linux.Command)
	Stop(list ...linux.Stopping)
	Kill(life linux.Life, scope linux.Scope)
	Signal(life linux.Life, sig supervisor.Signal, scope linux.Scope) error
	Exec(ctx context.Context, task linux.Life, c linux.Command) (linux.Exit, error)
	SetLimits(name string, l linux.Limits) error
	Containment() linux.Containment
	Container() *supervisor.ContainerInfo
	Sample(maxAge time.Duration, details bool)
	Freshen(maxAge time.Duration)
	UsageOf(name string) linux.TreeUsage
	Measure(name string, what linux.Measures)
	Members(name string) []linux.Member
	Forget(name string)
	Orphans() uint64
	Trim()
	Ending()
	ScanFailures() uint64
	EndRest(ctx context.Context, tell func(rest []linux.Remnant, killed bool)) []linux.Remnant
	Close()
}

var _ OS = (*linux.System)(nil)
