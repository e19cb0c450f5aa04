package top

import (
	"context"

	"github.com/processmanager/processmanager/supervisor"
)

// Source is where the screen has its processes from: one manager, or several. Its methods
// are called from any goroutine. An error is shown as it is.
type Source interface {
	// Look describes all processes that have all of these labels.
	Look(ctx context.Context, labels map[string]string) (Picture, error)
	// Detail tells more about one process. A part that cannot be had is left out.
	Detail(ctx context.Context, id ID) (Detail, error)
	// Act does something to a process; it returns when that is done.
	Act(ctx context.Context, a Action) error
	// News begins to hear that something has happened. ctx bounds the beginning.
	News(ctx context.Context) (News, error)
	// Logs begins to hear what a process writes, the newest lines first of all.
	Logs(ctx context.Context, id ID, lines int) (Logs, error)
}

// ID names a process.
type ID struct {
	Pod  string // where it runs; "" when there is only one manager
	Name string
}

// String is the name, behind that of the Pod if there is one.
func (id ID) String() string {
	if id.Pod == "" {
		return id.Name
	}
	return id.Pod + "/" + id.Name
}

// Row is one process.
type Row struct {
	Pod string // where it runs; "" when there is only one manager
	*supervisor.ProcessInfo
}

// ID names the process.
func (r Row) ID() ID { return ID{r.Pod, r.Name} }

// Manager is one of those that were asked.
type Manager struct {
	Pod  string
	Info *supervisor.SystemInfo // nil when it did not answer
	Err  error                  // why not
}

// Picture is what there is at one moment.
type Picture struct {
	Managers []Manager
	Rows     []Row
}

// Detail is what one process is asked for when somebody looks at it. What is nil is not
// known.
type Detail struct {
	Info  *supervisor.ProcessInfo
	Lives []supervisor.LifeRecord // newest first
	Lines []supervisor.LogLine    // the newest, oldest first
	Tree  []supervisor.TreeProcess
	Spec  *supervisor.Spec
}

// News tells that something has happened, until Close. One goroutine calls Next.
type News interface {
	// Next waits for it; an error is the end.
	Next(ctx context.Context) error
	Close()
}

// Logs are lines as they are written, until Close. One goroutine calls Next.
type Logs interface {
	// Next waits for a line and returns it with those right behind it; an error is the end.
	Next(ctx context.Context) ([]Entry, error)
	Close()
}

// Entry is a line, or a remark between lines.
type Entry struct {
	supervisor.LogLine
	Remark string // not empty: there is no line
}
