package manager

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
	"github.com/processmanager/processmanager/supervisor/internal/logbuf"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
	"github.com/processmanager/processmanager/supervisor/internal/manifest"
	"github.com/processmanager/processmanager/supervisor/internal/watch"
)

// Config says how a manager is to run. The zero value runs nothing and stays up.
type Config struct {
	// Set is what the manifest asks for; nil: there is no manifest.
	Set *supervisor.Set
	// Manifest is where the set was read from, as Load gave it: it is watched, and
	// applied when it changes. With the zero value a manifest comes through Apply only.
	Manifest Source
	// Version is what System tells of the program.
	Version string
	// Command, when not empty, is run instead of a manifest: the manager does what
	// tini does, hands over stdio and the terminal, forwards signals and ends with
	// the command's code.
	Command []string
	// Rewrite, with Command, forwards another signal than came in; 0 drops it.
	Rewrite map[supervisor.Signal]supervisor.Signal

	// Stdout and Stderr are the container's; nil swallows.
	Stdout, Stderr io.Writer
	// LogFormat is "raw", "text" or "json"; empty: text.
	LogFormat string
	// LogTimestamps puts the time in front of each line in text and in log files.
	LogTimestamps bool
	// LogDir is where log files of processes go; empty: none are written.
	LogDir string
	// LogLevel is the least level of the manager's own lines.
	LogLevel slog.Leveler

	// Environ is what processes inherit; nil: the manager's own environment. What
	// only the manager may know, such as PM_SECRET, is left out.
	Environ []string
	// Signals are what this program is sent; see CatchSignals. Nil: none.
	Signals <-chan supervisor.Signal
	// TerminationLog is the file that gets the last word, if it exists; empty: none.
	TerminationLog string
}

// sampleEvery is the pace of usage samples when nobody asks.
const sampleEvery = 5 * time.Second

// Memory that only the start has needed is given back a moment after it, and now and
// then what has come together since.
const (
	trimAfter = time.Second
	trimEvery = 5 * time.Minute
)

// Manager is a supervisor.Control over real processes. Make one with New, and let
// it live by Run; its methods may be called from any goroutine, before, during and
// after Run.
type Manager struct {
	cfg     Config
	console *logbuf.Console
	log     *slog.Logger
	auditor *auditor
	os      OS
	wall    func() time.Time
	shell   bool                        // the image has /bin/sh
	watch   func(old, now machine.Proc) // sees every step; nil: nobody does

	began   time.Time
	environ []string      // what every life inherits
	host    string        // goes into jitter: the Pod's name, as a rule
	tasks   atomic.Uint64 // numbers of tasks

	events events
	limits limitSetter

	reading sync.Mutex // held over reading the manifest's file and applying it

	watchMemory atomic.Bool   // somebody's memory limit is watched here
	watchKick   chan struct{} // that has just become so

	inbox chan func(*loop)
	done  chan struct{} // closed when the loop has ended
}

var _ supervisor.Control = (*Manager)(nil)

// Prepare makes this program fit to be the parent of others. Call it once, before
// anything else is done.
func Prepare() error { return linux.Prepare() }

// Source is a file or directory with a manifest, or several with a comma between them, as
// it was when it was read.
type Source struct {
	Path     string
	revision string
	none     string        // why there is no file in it
	looks    []*watch.Look // one for each
}

// Load reads a manifest, a file or a directory. The error has everything that is
// wrong, one line each.
func Load(path string) (*supervisor.Set, Source, error) {
	src := Source{Path: path}
	for _, one := range manifest.Paths(path) {
		src.looks = append(src.looks, watch.LookAt(one))
	}
	files, err := manifest.Read(path)
	if err != nil {
		return nil, src, err
	}
	src.revision = manifest.Revision(files)
	if len(files) == 0 {
		src.none = noFile("", path)
	}
	set, err := manifest.Parse(files)
	return set, src, err
}

// noFile says that no manifest is in a directory, and what is there instead.
func noFile(since, path string) string {
	text := "no *.yaml or *.yml file is there" + since
	if others := manifest.Others(path); others != "" {
		text += ", only " + others
	}
	return text
}

// Print writes a set as one manifest, with all defaults and patches in place.
func Print(set *supervisor.Set) ([]byte, error) { return manifest.Print(set) }

// Schema is the JSON Schema of a manifest.
func Schema() ([]byte, error) { return manifest.Schema() }

// LastLine is what is written to stderr by who cannot start, in a format of
// Config.LogFormat: as JSON one line like the others, else the error as it is, so that
// each of its lines can be read.
func LastLine(format string, err error) []byte {
	if format == string(logbuf.FormatJSON) {
		return logbuf.Line(logbuf.FormatJSON, slog.LevelError, err.Error())
	}
	return []byte("processmanager: " + err.Error() + "\n")
}

// CheckLogFormat returns an error unless Config.LogFormat may have this value.
func CheckLogFormat(text string) error {
	_, err := logbuf.ParseFormat(text)
	return err
}

// New makes a manager. Nothing is started before Run. The error is about the
// configuration.
func New(cfg Config) (*Manager, error) {
	format := logbuf.FormatText
	if cfg.LogFormat != "" {
		var err error
		if format, err = logbuf.ParseFormat(cfg.LogFormat); err != nil {
			return nil, err
		}
	}
	if cfg.Environ == nil {
		cfg.Environ = os.Environ()
	}
	m := &Manager{
		cfg: cfg, wall: time.Now, began: time.Now(),
		console: logbuf.NewConsole(linux.OutputOf(cfg.Stdout), linux.OutputOf(cfg.Stderr), format.Stamped(cfg.LogTimestamps)),
		inbox:   make(chan func(*loop), 256), watchKick: make(chan struct{}, 1),
		done: make(chan struct{}),
	}
	m.environ = baseEnviron(cfg.Environ, len(cfg.Command) > 0)
	m.log = m.console.Logger(cfg.LogLevel)
	m.auditor = &auditor{log: m.log, now: time.Now}
	_, err := os.Stat("/bin/sh")
	m.shell = err == nil
	m.host, _ = os.Hostname() // without one all hosts have the same jitter
	return m, nil
}

// Log is the manager's own log: in the shape of the processes' lines, on the
// container's stderr. It never waits.
func (m *Manager) Log() *slog.Logger { return m.log }

// Run starts the processes and returns when all have ended: because ctx has ended,
// a signal or Shutdown asked for it, or the set is done. code is the exit code for
// the container. It is called once.
func (m *Manager) Run(ctx context.Context) (code int) {
	if m.os == nil {
		m.os = linux.New((*reports)(m), m.systemOptions()...)
		spare := time.AfterFunc(time.Second, linux.KeepThreads) //nolint:forbidigo // of no process; later, not to be in the way of the first starts
		defer spare.Stop()
	}
	l := newLoop(m)
	stop := make(chan struct{})
	watching, unwatch := context.WithCancel(context.Background())
	quiet := sync.OnceFunc(func() { close(m.done); close(stop); unwatch(); m.events.close() })
	defer quiet() // also after a panic
	go m.sample(stop)
	go m.handleSignals(m.cfg.Signals, stop)
	l.boot()
	go m.watchManifest(watching)
	l.run(ctx)

	quiet()
	for _, e := range l.entries {
		e.endLife()
		e.endStandby()
	}
	if err := WriteLastWord(m.cfg.TerminationLog, l.finalWord()); err != nil {
		m.log.Warn("the termination message is missing", "error", err)
	}
	m.console.Close(time.Second) // before the readers end: they may be waiting for it
	m.os.Close()
	return l.code
}

// systemOptions has the System's trouble logged, and leaves cgroups out for a single
// command: whoever is left over is its, and it has no limits.
func (m *Manager) systemOptions() []linux.Option {
	options := []linux.Option{linux.WithTrouble(func(err error) { m.log.Error(err.Error()) })}
	if len(m.cfg.Command) > 0 {
		options = append(options, linux.WithoutCgroups)
	}
	return options
}

// sample keeps the usage numbers fresh when nobody asks: adopted processes are
// recognised by them, and memory is watched by them.
func (m *Manager) sample(stop <-chan struct{}) {
	every := sampleEvery
	tick := time.NewTicker(every)
	defer tick.Stop()
	trim := time.NewTimer(trimAfter)
	defer trim.Stop()
	for {
		select {
		case <-trim.C:
			m.os.Trim()
			trim.Reset(trimEvery)
			continue
		case <-tick.C:
		case <-m.watchKick:
		case <-stop:
			return
		}
		watch := m.watchMemory.Load()
		if watch != (every == watchEvery) {
			every = map[bool]time.Duration{true: watchEvery, false: sampleEvery}[watch]
			tick.Reset(every)
		}
		m.os.Freshen(every / 2)
		if watch {
			m.post((*loop).checkMemory)
		}
	}
}

// post gives the loop something to do; false: it has ended.
func (m *Manager) post(f func(*loop)) bool {
	select {
	case <-m.done:
		return false
	default:
	}
	select {
	case m.inbox <- f:
		return true
	case <-m.done:
		return false
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
