package manager

import (
	"context"

	"github.com/processmanager/processmanager/supervisor"
)

// Signal implements supervisor.Control.
func (m *Manager) Signal(ctx context.Context, who supervisor.Caller, name string, sig supervisor.Signal) (*supervisor.ProcessInfo, error) {
	return nil, supervisor.ErrInvalid
}

// Trigger implements supervisor.Control.
func (m *Manager) Trigger(ctx context.Context, who supervisor.Caller, name string) (*supervisor.ProcessInfo, error) {
	return nil, supervisor.ErrInvalid
}

// History implements supervisor.Control.
func (m *Manager) History(ctx context.Context, who supervisor.Caller, name string) ([]supervisor.LifeRecord, error) {
	return nil, supervisor.ErrInvalid
}

// Wait implements supervisor.Control.
func (m *Manager) Wait(ctx context.Context, who supervisor.Caller, req supervisor.WaitRequest) (*supervisor.ProcessInfo, error) {
	return nil, supervisor.ErrInvalid
}

// Manifest implements supervisor.Control.
func (m *Manager) Manifest(ctx context.Context, who supervisor.Caller) (*supervisor.ManifestInfo, error) {
	return nil, supervisor.ErrInvalid
}

// Diff implements supervisor.Control.
func (m *Manager) Diff(ctx context.Context, who supervisor.Caller, manifest string) ([]supervisor.Change, error) {
	return nil, supervisor.ErrInvalid
}

// Apply implements supervisor.Control.
func (m *Manager) Apply(ctx context.Context, who supervisor.Caller, manifest string) ([]supervisor.Change, error) {
	return nil, supervisor.ErrInvalid
}

// System implements supervisor.Control.
func (m *Manager) System(ctx context.Context, who supervisor.Caller) (*supervisor.SystemInfo, error) {
	return nil, supervisor.ErrInvalid
}

// Shutdown implements supervisor.Control.
func (m *Manager) Shutdown(ctx context.Context, who supervisor.Caller) error {
	return supervisor.ErrInvalid
}
