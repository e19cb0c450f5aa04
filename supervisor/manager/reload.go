package manager

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/manifest"
	"github.com/processmanager/processmanager/supervisor/internal/watch"
)

// Where the manifest in force came from.
const (
	sourceNone = "none"
	sourceFile = "file"
	sourceAPI  = "api"
)

// source is the manifest in force, and the newest text of the file.
type source struct {
	kind     string
	revision string // of what is in force
	file     string // revision of the file when it was last looked at; also of one that was refused
	refused  string // what is wrong with the newest text; empty: nothing
}

// watchManifest applies the files or directories whenever one has changed, until ctx ends.
func (m *Manager) watchManifest(ctx context.Context) {
	if m.cfg.Manifest.Path == "" {
		return
	}
	var all sync.WaitGroup
	for i, path := range manifest.Paths(m.cfg.Manifest.Path) {
		o := watch.Options{
			Changed: func() { m.reloadIfChanged(ctx) },
			Warn:    func(msg string, args ...any) { m.log.Warn(msg, args...) },
		}
		if i < len(m.cfg.Manifest.looks) {
			o.Since = m.cfg.Manifest.looks[i]
		}
		all.Go(func() { watch.Watch(ctx, path, o) })
	}
	all.Wait()
}

// reloadIfChanged applies the file unless it is as it was when last looked at: a
// manifest of the API stays in force until the file changes.
func (m *Manager) reloadIfChanged(ctx context.Context) {
	files, err := manifest.Read(m.cfg.Manifest.Path)
	revision := "" // it cannot be read: that is worth a line, once
	if err == nil {
		revision = manifest.Revision(files)
	}
	same := false
	if m.ask(ctx, func(l *loop) { same = l.source.file == revision }) != nil || same {
		return
	}
	m.applyFile(ctx)
}

// applyFile applies the file or directory for nobody in particular: what is wrong is logged,
// kept for the API and counted.
func (m *Manager) applyFile(ctx context.Context) { _, _ = m.applyText(ctx, "", func(error) {}) }

// noteReload writes down how an attempt to apply a manifest went.
func (l *loop) noteReload(kind, revision string, changes []supervisor.Change, err error) {
	if errors.Is(err, supervisor.ErrClosed) {
		return
	}
	if kind == sourceFile {
		l.source.file = revision
	}
	if err != nil {
		why := supervisor.WithoutKind(err)
		if kind == sourceFile && l.m.cfg.Manifest.Path != "" { // a caller's mistake is the caller's
			l.manifestStat.Successful = false
			l.manifestStat.Error, l.source.refused = why, why
		}
		l.emit(nil, supervisor.EventManifest, func(ev *supervisor.Event) { ev.Message = "refused: " + why })
		l.m.log.Error("the manifest is refused; what was in force stays", "source", kind, "path", l.m.cfg.Manifest.Path, "error", why)
		return
	}
	l.source.kind, l.source.revision, l.source.refused = kind, revision, ""
	l.manifestStat = supervisor.ManifestStat{Loaded: true, Successful: true, LastSuccess: l.m.wall()}
	l.emit(nil, supervisor.EventManifest, func(ev *supervisor.Event) { ev.Message = "applied: " + summary(changes) })
	l.m.log.Info("the manifest was applied", "source", kind, "revision", revision, "changes", summary(changes))
}

// summary counts changes by kind, in words.
func summary(changes []supervisor.Change) string {
	count := map[supervisor.ChangeKind]int{}
	for _, c := range changes {
		count[c.Action]++
	}
	var words []string
	for _, kind := range []supervisor.ChangeKind{supervisor.ChangeAdded, supervisor.ChangeRestarted, supervisor.ChangeUpdated, supervisor.ChangeRemoved} {
		if n := count[kind]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, kind))
		}
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}

// reload is SIGHUP: the file or directory is read now.
func (l *loop) reload(supervisor.Signal) {
	m := l.m
	if m.cfg.Manifest.Path == "" {
		m.log.Info("SIGHUP: there is no manifest to read again")
		return
	}
	m.log.Info("SIGHUP: the manifest is read again", "path", m.cfg.Manifest.Path)
	go m.applyFile(context.Background())
}

// Manifest implements supervisor.Control.
func (m *Manager) Manifest(ctx context.Context, who supervisor.Caller) (*supervisor.ManifestInfo, error) {
	if err := who.MayLook(); err != nil {
		return nil, fmt.Errorf("cannot show the manifest: %w", err)
	}
	info := &supervisor.ManifestInfo{Source: sourceNone, Path: m.cfg.Manifest.Path, ExitPolicy: supervisor.ExitNever, Processes: []supervisor.Spec{}}
	info.GraceSecs = int64(supervisor.DefaultShutdownGrace.Seconds())
	if err := m.ask(ctx, func(l *loop) {
		info.Error = l.source.refused
		if l.set == nil {
			return
		}
		info.Source, info.Revision = l.source.kind, l.source.revision
		at := l.manifestStat.LastSuccess.Round(0)
		info.AppliedTime = &at
		info.GraceSecs, info.ExitPolicy = int64(l.set.GracePeriod.Seconds()), l.set.ExitPolicy
		info.Processes = append(info.Processes, l.set.Processes...)
	}); err != nil {
		return nil, fmt.Errorf("cannot show the manifest: %w", err)
	}
	return info, nil
}
