package supervisortest

import (
	"context"

	"github.com/processmanager/processmanager/supervisor"
)

// Signal implements supervisor.Control.
func (f *Fake) Signal(ctx context.Context, who supervisor.Caller, name string, sig supervisor.Signal) (*supervisor.ProcessInfo, error) {
	return nil, supervisor.ErrInvalid
}

// Trigger implements supervisor.Control.
func (f *Fake) Trigger(ctx context.Context, who supervisor.Caller, name string) (*supervisor.ProcessInfo, error) {
	return nil, supervisor.ErrInvalid
}

// History implements supervisor.Control.
func (f *Fake) History(ctx context.Context, who supervisor.Caller, name string) ([]supervisor.LifeRecord, error) {
	return nil, supervisor.ErrInvalid
}

// Wait implements supervisor.Control.
func (f *Fake) Wait(ctx context.Context, who supervisor.Caller, req supervisor.WaitRequest) (*supervisor.ProcessInfo, error) {
	return nil, supervisor.ErrInvalid
}

// Manifest implements supervisor.Control.
func (f *Fake) Manifest(ctx context.Context, who supervisor.Caller) (*supervisor.ManifestInfo, error) {
	return nil, supervisor.ErrInvalid
}

// Diff implements supervisor.Control.
func (f *Fake) Diff(ctx context.Context, who supervisor.Caller, manifest string) ([]supervisor.Change, error) {
	return nil, supervisor.ErrInvalid
}

// Apply implements supervisor.Control.
func (f *Fake) Apply(ctx context.Context, who supervisor.Caller, manifest string) ([]supervisor.Change, error) {
	return nil, supervisor.ErrInvalid
}

// System implements supervisor.Control.
func (f *Fake) System(ctx context.Context, who supervisor.Caller) (*supervisor.SystemInfo, error) {
	return nil, supervisor.ErrInvalid
}

// Shutdown implements supervisor.Control.
func (f *Fake) Shutdown(ctx context.Context, who supervisor.Caller) error {
	return supervisor.ErrInvalid
}
