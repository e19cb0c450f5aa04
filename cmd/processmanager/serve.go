package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/processmanager/processmanager/metrics"
	"github.com/processmanager/processmanager/rpc"
	"github.com/processmanager/processmanager/supervisor/access"
	"github.com/processmanager/processmanager/supervisor/manager"
	"github.com/processmanager/processmanager/telnet"
)

// terminationLog is where Kubernetes looks for the last word of a container.
const terminationLog = "/dev/termination-log"

// doorsEnd is how long the doors have to finish their last answers.
const doorsEnd = 2 * time.Second

// serve runs the manager and its doors until it ends.
func serve(o *options, env []string, stdout, stderr io.Writer) int {
	sigs, release := manager.CatchSignals(len(o.command) > 0)
	defer release()
	refuse := func(code int, err error) int {
		_, _ = stderr.Write(manager.LastLine(o.logFormat, err))
		_ = manager.WriteLastWord(terminationLog, err.Error()) // it stands on stderr too
		return code
	}
	tellCrash(terminationLog)
	if err := manager.Prepare(); err != nil {
		return refuse(exitInternal, fmt.Errorf("cannot prepare for children: %w", err))
	}
	cfg := manager.Config{
		Command: o.command, Rewrite: o.rewrite, Signals: sigs, Version: version,
		Stdout: stdout, Stderr: stderr, LogFormat: o.logFormat, LogTimestamps: o.logTimestamps, LogLevel: o.logLevel, LogDir: o.logDir,
		TerminationLog: terminationLog,
		Environ:        env,
	}
	if len(o.command) == 0 {
		if path := o.manifestPath(); path != "" {
			set, source, err := manager.Load(path)
			if err != nil {
				return refuse(exitConfig, fmt.Errorf("the manifest is refused:\n%w", err))
			}
			cfg.Set, cfg.Manifest = set, source
		}
	}
	m, err := manager.New(cfg)
	if err != nil {
		return refuse(exitUsage, err)
	}
	doors, err := open(o, m)
	if err != nil {
		return refuse(exitUsage, err)
	}
	if len(o.command) == 0 {
		m.Log().Info("process manager", "version", version, "listens", strings.Join(doors.names, " "))
		if cfg.Set == nil {
			m.Log().Info("no manifest: nothing is run but what is started through the interfaces", "looked_for", defaultManifest)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	doors.serve(ctx, m.Log())
	code, err := m.RunGuarded(context.Background())
	cancel()
	doors.wait()
	if err != nil {
		return refuse(exitInternal, err)
	}
	return code
}

// tellCrash has the Go runtime write into a file, if it exists, why it could not go on:
// nothing of ours runs then.
func tellCrash(path string) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return
	}
	_ = debug.SetCrashOutput(f, debug.CrashOptions{}) // it stands on stderr too
	_ = f.Close()                                     // the runtime has a copy
}

// door is one listener and who serves it.
type door struct {
	name     string
	listener net.Listener
	serve    func(context.Context, net.Listener) error
}

type doors struct {
	list    []door
	names   []string
	running sync.WaitGroup
}

// open opens all listeners that are wanted. On an error none stays open.
func open(o *options, m *manager.Manager) (_ *doors, err error) {
	d := &doors{}
	if len(o.command) > 0 && !o.wantsAny() {
		return d, nil
	}
	defer func() {
		if err != nil {
			for _, one := range d.list {
				_ = one.listener.Close() // the error that is returned is the one to read
			}
		}
	}()
	auth, err := access.NewAuthenticator(o.secrets, m.Log())
	if err != nil {
		return nil, err
	}
	tlsConfig, err := o.tls.Config(m.Log())
	if err != nil {
		return nil, err
	}
	web, err := openWeb(o, m.Log())
	if err != nil {
		return nil, err
	}
	// What serves is made by the goroutine that first needs it, while the processes start
	// already: who connects before waits in the listener's queue.
	throttle := &access.Throttle{}
	numbers := sync.OnceValue(func() *metrics.Server {
		return metrics.New(metrics.Options{Control: m, Version: version, Revision: revision, Logger: m.Log(), Web: web, Throttle: throttle})
	})
	tel := sync.OnceValue(func() *telnet.Server {
		return telnet.NewServer(telnet.Options{Control: m, Auth: auth, Throttle: throttle, Observer: telnetCounts{numbers()}, Logger: m.Log()})
	})
	api := sync.OnceValue(func() *rpc.Server {
		return rpc.NewServer(rpc.Options{
			Control: m, Auth: auth, Throttle: throttle, Observer: rpcCounts{numbers()}, Logger: m.Log(),
			AllowedHosts: o.allowedHosts, Version: version,
		})
	})
	telnetUnix := func(ctx context.Context, l net.Listener) error { return tel().Serve(ctx, l, false) }
	telnetTCP := func(ctx context.Context, l net.Listener) error { return tel().Serve(ctx, l, true) }
	overRPC := func(ctx context.Context, l net.Listener) error { return api().Serve(ctx, l) }

	if err := d.unix(o, m.Log(), "socket", o.socket, telnetUnix); err != nil {
		return nil, err
	}
	if err := d.unix(o, m.Log(), "rpc-socket", o.rpcPath(), overRPC); err != nil {
		return nil, err
	}
	if err := d.tcp(o, "telnet-addr", o.telnetAddr, tlsConfig, telnetTCP); err != nil {
		return nil, err
	}
	if err := d.tcp(o, "rpc-addr", o.rpcAddr, tlsConfig, overRPC); err != nil {
		return nil, err
	}
	var metricsTLS *tls.Config
	if web != nil {
		metricsTLS = web.TLS()
	}
	if err := d.tcp(o, "metrics-addr", o.metricsAddr, metricsTLS, func(ctx context.Context, l net.Listener) error { return numbers().Serve(ctx, l) }); err != nil {
		return nil, err
	}
	return d, nil
}

// openWeb reads the web config of the metrics; nil: there is none, or nothing that it
// is for.
func openWeb(o *options, log *slog.Logger) (*access.WebConfig, error) {
	switch {
	case o.metricsWeb != "" && o.metricsAddr == "" && o.fromFlag["metrics-web-config-file"]:
		return nil, errors.New("-metrics-web-config-file does nothing without -metrics-addr")
	case o.metricsWeb == "" || o.metricsAddr == "" || !o.wants("metrics-addr"):
		return nil, nil
	}
	web, err := access.OpenWebConfig(o.metricsWeb, log)
	if err != nil {
		return nil, fmt.Errorf("-metrics-web-config-file: %w", err)
	}
	return web, nil
}

// unix opens a unix socket. One that nobody asked for by a flag is left out, with
// one line in the log, where it cannot be made (a read-only root, say); one that
// another manager answers is an error.
func (d *doors) unix(o *options, log *slog.Logger, flag, path string, serve func(context.Context, net.Listener) error) error {
	asked := o.fromFlag[flag] || flag == "rpc-socket" && o.fromFlag["socket"]
	if len(o.command) > 0 && !asked {
		return nil
	}
	l, err := access.ListenUnix(path, access.UnixOptions{Mode: o.socketMode, Group: o.socketGroup, Logger: log})
	switch {
	case err == nil:
		d.add(flag, path, l, serve)
		return nil
	case asked || errors.Is(err, access.ErrInUse):
		return fmt.Errorf("-%s: %w", flag, err)
	}
	log.Warn("this interface stays off", "flag", "-"+flag, "error", err)
	return nil
}

// tcp opens a TCP address; an empty one is none.
func (d *doors) tcp(o *options, flag, addr string, t *tls.Config, serve func(context.Context, net.Listener) error) error {
	if addr == "" || !o.wants(flag) {
		return nil
	}
	l, err := access.ListenTCP(addr, t)
	if err != nil {
		return fmt.Errorf("-%s: %w", flag, err)
	}
	d.add(flag, l.Addr().String(), l, serve)
	return nil
}

func (d *doors) add(flag, where string, l net.Listener, serve func(context.Context, net.Listener) error) {
	d.list = append(d.list, door{flag, l, serve})
	d.names = append(d.names, flag+"="+where)
}

// serve serves all doors until ctx ends. One that fails is a line in the log: PID 1
// does not end for it.
func (d *doors) serve(ctx context.Context, log *slog.Logger) {
	for _, one := range d.list {
		d.running.Go(func() {
			if err := one.serve(ctx, one.listener); err != nil {
				log.Error("an interface has ended", "flag", "-"+one.name, "error", err)
			}
		})
	}
}

// wait waits until the doors have given their last answers.
func (d *doors) wait() {
	ended := make(chan struct{})
	go func() { d.running.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(doorsEnd):
	}
}

// telnetCounts and rpcCounts carry what the doors count to the metrics.
type telnetCounts struct{ *metrics.Server }

// Verb implements telnet.Observer; verbs have no metric.
func (telnetCounts) Verb(string, string) {}

type rpcCounts struct{ *metrics.Server }

// AuthFailed implements rpc.Observer.
func (c rpcCounts) AuthFailed() { c.Server.AuthFailed("rpc") }
