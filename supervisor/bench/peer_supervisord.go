package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

func supervisordPeer() peer {
	conf := func(t task) string { return filepath.Join(t.dir, "supervisord.conf") }
	return peer{
		name:    "supervisor",
		note:    "startsecs 0, captured output to its stdout; restarts on its tick of 1 s",
		needs:   []string{"supervisord", "supervisorctl"},
		formats: []lineFormat{linesRaw},
		stop:    syscall.SIGTERM,
		setup: func(t task) ([]string, error) {
			text := fmt.Sprintf(supervisordConf, t.dir, t.workload, t.n)
			if err := os.WriteFile(conf(t), []byte(text), 0o600); err != nil {
				return nil, fmt.Errorf("cannot write the configuration: %w", err)
			}
			return []string{"supervisord", "-n", "-c", conf(t)}, nil
		},
		list: func(t task) []string { return []string{"supervisorctl", "-c", conf(t), "status"} },
	}
}

// supervisordConf takes the directory, the workload and the number of children.
const supervisordConf = `[supervisord]
nodaemon=true
user=root
logfile=/dev/null
logfile_maxbytes=0
loglevel=error
pidfile=%[1]s/pid
childlogdir=%[1]s
minfds=8192

[unix_http_server]
file=%[1]s/ctl.sock

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://%[1]s/ctl.sock

[program:p]
command=%[2]s %%(process_num)d
process_name=p%%(process_num)05d
numprocs=%[3]d
autorestart=true
startsecs=0
startretries=1000000
redirect_stderr=true
stdout_logfile=/dev/stdout
stdout_logfile_maxbytes=0
`
