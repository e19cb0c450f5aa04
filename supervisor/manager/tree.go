package manager

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
)

// maxShownArgs bounds what is shown of the arguments of one process.
const maxShownArgs = 4 << 10

// Tree implements supervisor.Control.
func (m *Manager) Tree(ctx context.Context, who supervisor.Caller, name string) ([]supervisor.TreeProcess, error) {
	const verb = "show the tree of"
	if err := who.MayLook(); err != nil {
		return nil, refused(verb, name, err)
	}
	var names []string
	if err := m.ask(ctx, func(l *loop) {
		for _, e := range l.family(name) {
			names = append(names, e.spec.Name)
		}
	}); err != nil {
		return nil, refused(verb, name, err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("cannot %s %q: %w", verb, name, supervisor.ErrNotFound)
	}
	list := []supervisor.TreeProcess{}
	for _, name := range names {
		for _, member := range m.os.Members(name) {
			list = append(list, treeProcess(name, member, who.MayChange() == nil))
		}
	}
	return list, nil
}

// treeProcess is the public form of a member.
func treeProcess(name string, of linux.Member, whole bool) supervisor.TreeProcess {
	p := supervisor.TreeProcess{
		Process: name, PID: of.PID, PPID: of.PPID, Depth: of.Depth, Task: of.Task, Name: of.Name, State: processState(of.State),
		CPUPercent: round(of.CPUPercent, 10), CPUSeconds: round(of.CPU.Seconds(), 100),
		MemoryMB: round(float64(of.Resident)/(1<<20), 100), Threads: of.Threads,
		ReadBytes: of.ReadBytes, WriteBytes: of.WriteBytes, StartTime: of.Start.Truncate(10 * time.Millisecond),
	}
	argv := of.Argv
	if !whole && len(argv) > 1 {
		argv = argv[:1]
	}
	p.Command = shownArgs(argv)
	if of.UID >= 0 {
		p.UID = &of.UID
	}
	if of.OpenFDs >= 0 {
		p.OpenFDs = &of.OpenFDs
	}
	return p
}

// shownArgs quotes and joins the beginning of an argv.
func shownArgs(argv []string) string {
	var b strings.Builder
	for i, word := range argv {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(quoteWord(word))
		if b.Len() > maxShownArgs {
			return strings.ToValidUTF8(b.String()[:maxShownArgs], "\uFFFD") + "…"
		}
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

func processState(letter byte) supervisor.ProcessState {
	switch letter {
	case 'R':
		return supervisor.StateRunning
	case 'S':
		return supervisor.StateSleeping
	case 'D':
		return supervisor.StateDisk
	case 'T':
		return supervisor.StateStopped
	case 't':
		return supervisor.StateTraced
	case 'Z':
		return supervisor.StateZombie
	case 'I':
		return supervisor.StateIdle
	}
	return supervisor.StateOther
}
