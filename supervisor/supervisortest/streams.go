package supervisortest

import (
	"context"

	"github.com/processmanager/processmanager/supervisor"
)

// Events implements supervisor.Control.
func (f *Fake) Events(ctx context.Context, who supervisor.Caller, req supervisor.EventsRequest) (supervisor.EventStream, error) {
	return nil, supervisor.ErrInvalid
}

// Follow implements supervisor.Control.
func (f *Fake) Follow(ctx context.Context, who supervisor.Caller, req supervisor.LogsRequest) (supervisor.LogStream, error) {
	return nil, supervisor.ErrInvalid
}
