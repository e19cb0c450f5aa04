package supervisortest

import (
	"context"
	"fmt"
	"slices"

	"github.com/processmanager/processmanager/supervisor"
)

// PutManifest sets the manifest that is in force.
func (f *Fake) PutManifest(info supervisor.ManifestInfo) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.manifest = info
}

// Plan makes a manifest text known, with what applying it changes; every other
// text is invalid. The empty text is the manifest's file.
func (f *Fake) Plan(text string, changes ...supervisor.Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plans[text] = changes
}

// Manifest implements supervisor.Control.
func (f *Fake) Manifest(ctx context.Context, who supervisor.Caller) (*supervisor.ManifestInfo, error) {
	if err := f.enter(ctx, "Manifest", who, nil); err != nil {
		return nil, err
	}
	if err := who.MayLook(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.manifest
	out.Processes = slices.Clone(out.Processes)
	return &out, nil
}

// Diff implements supervisor.Control.
func (f *Fake) Diff(ctx context.Context, who supervisor.Caller, manifest string) ([]supervisor.Change, error) {
	if err := f.enter(ctx, "Diff", who, manifest); err != nil {
		return nil, err
	}
	if err := who.MayLook(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.plan("compare", manifest)
}

// Apply implements supervisor.Control. The same text again changes nothing.
func (f *Fake) Apply(ctx context.Context, who supervisor.Caller, manifest string) ([]supervisor.Change, error) {
	if err := f.enter(ctx, "Apply", who, manifest); err != nil {
		return nil, err
	}
	if err := who.MayChange(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	changes, err := f.plan("apply", manifest)
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		f.perform(c)
	}
	f.plans[manifest] = nil
	f.manifest.Source, f.manifest.AppliedTime = "api", new(f.Now())
	if manifest == "" {
		f.manifest.Source = "file"
	}
	f.emit(supervisor.Event{Type: supervisor.EventManifest}, nil)
	f.tell()
	return changes, nil
}

func (f *Fake) plan(verb, text string) ([]supervisor.Change, error) {
	changes, known := f.plans[text]
	switch {
	case !known && text == "":
		return nil, fmt.Errorf("cannot %s the manifest: %w: there is no manifest file", verb, supervisor.ErrInvalid)
	case !known:
		return nil, fmt.Errorf("cannot %s the manifest: %w: spec.processes: required", verb, supervisor.ErrInvalid)
	}
	return append([]supervisor.Change{}, changes...), nil
}

// perform does one change of a manifest. f.mu is held.
func (f *Fake) perform(c supervisor.Change) {
	info := f.procs[c.Name]
	switch c.Action {
	case supervisor.ChangeAdded:
		f.procs[c.Name] = &supervisor.ProcessInfo{Name: c.Name, Command: "/app/" + c.Name}
		f.live(f.procs[c.Name])
	case supervisor.ChangeRemoved:
		f.forget(c.Name)
	case supervisor.ChangeRestarted:
		if info != nil {
			f.end(info, supervisor.ReasonConfigChanged)
			f.live(info)
		}
	case supervisor.ChangeUpdated:
	}
}

// PutSystem sets what System returns from now on.
func (f *Fake) PutSystem(info supervisor.SystemInfo) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Sys = info
}

// System implements supervisor.Control.
func (f *Fake) System(ctx context.Context, who supervisor.Caller) (*supervisor.SystemInfo, error) {
	if err := f.enter(ctx, "System", who, nil); err != nil {
		return nil, err
	}
	if err := who.MayLook(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.Sys
	out.Processes = len(f.procs)
	return &out, nil
}

// Shutdown implements supervisor.Control.
func (f *Fake) Shutdown(ctx context.Context, who supervisor.Caller) error {
	if err := f.enter(ctx, "Shutdown", who, nil); err != nil {
		return err
	}
	if err := who.MayChange(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.emit(supervisor.Event{Type: supervisor.EventShutdown, Message: "asked to end"}, nil)
	f.closed = true
	f.tell()
	return nil
}
