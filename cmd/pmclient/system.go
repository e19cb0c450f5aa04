package main

import (
	"context"
	"runtime/debug"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/supervisor"
)

func (p *program) info(ctx context.Context, c *cli.Command) error {
	var info supervisor.SystemInfo
	return p.one(ctx, c, "system.info", nil, &info, func() error { return p.fields(info) })
}

func (p *program) shutdown(ctx context.Context, c *cli.Command) error {
	return p.one(ctx, c, "system.shutdown", nil, nil, func() error { return p.line("The manager is shutting down") })
}

func (p *program) version(_ context.Context, c *cli.Command) error {
	v := version
	if info, ok := debug.ReadBuildInfo(); ok && v == "dev" && info.Main.Version != "" && info.Main.Version != "(devel)" {
		v = info.Main.Version
	}
	if wantsJSON(c) {
		return p.object(map[string]string{"version": v})
	}
	return p.line("pmclient " + v)
}
