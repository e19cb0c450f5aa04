package telnet

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// verb is one row of the table of verbs: all that there is to know about it.
type verb struct {
	name   string
	params []param
	help   string // one line
	quits  bool   // the connection ends behind the answer
	run    func(context.Context, call) (reply, error)
}

// call is one statement that is being performed.
type call struct {
	srv     *Server
	who     supervisor.Caller
	columns int // of the caller's terminal; 0: any
	args
}

func (c call) control() supervisor.Control { return c.srv.o.Control }

var (
	nameParam = param{key: "name", kind: kindName, required: true}
	// waitParam says whether an answer comes when the work is done, as it does unless
	// told, or when it has begun.
	waitParam = param{key: "wait", kind: kindBool}
	helpParam = param{key: "verb", kind: kindVerb}
)

// verbs is the table. Every verb also takes jobid and format.
func verbs() []verb {
	return slices.Concat(changeVerbs(), lookVerbs(), sessionVerbs())
}

// changeVerbs change one process.
func changeVerbs() []verb {
	return []verb{
		{
			name: "process.start",
			params: []param{
				nameParam,
				{key: "command", kind: kindText},
				{key: "log", kind: kindBool},
				{key: "deadline", kind: kindSeconds},
				{key: "cron", kind: kindText},
				{key: "spec", kind: kindSpec},
				waitParam,
			},
			help: "start a new process, by a command or by a definition as in a manifest, or (with neither) one that is idle",
			run:  runStart,
		},
		{
			name:   "process.stop",
			params: []param{nameParam, waitParam},
			help:   "stop a process, its schedule and its restarts",
			run:    runStop,
		},
		{
			name:   "process.restart",
			params: []param{nameParam, waitParam},
			help:   "stop a process and start it again",
			run:    runRestart,
		},
		{
			name:   "process.delete",
			params: []param{nameParam, waitParam},
			help:   "stop a process and forget it",
			run:    runDelete,
		},
		{
			name:   "process.signal",
			params: []param{nameParam, {key: "signal", kind: kindSignal, required: true}},
			help:   "send a signal, by name or number, to the leader of a process",
			run:    runSignal,
		},
		{
			name:   "process.trigger",
			params: []param{nameParam, waitParam},
			help:   "run a process now, beside its schedule",
			run:    runTrigger,
		},
		{
			name:   "process.probe",
			params: []param{nameParam, {key: "probe", kind: kindProbe}},
			help:   "make one attempt now of a probe of a process, or of each that it has; it counts for nothing",
			run:    runProbe,
		},
		{
			name:   "process.exec",
			params: []param{nameParam, {key: "command", kind: kindText, required: true}, {key: "timeout", kind: kindSpan}},
			help:   fmt.Sprintf("run a shell text once with the environment, directory, rights and limits of a process; killed after %s unless told", supervisor.DefaultExecTimeout),
			run:    runExec,
		},
	}
}

// lookVerbs show processes and the manager.
func lookVerbs() []verb {
	return []verb{
		{
			name:   "process.status",
			params: []param{nameParam},
			help:   "show one process",
			run:    runStatus,
		},
		{
			name:   "process.list",
			params: []param{{key: "status", kind: kindStatuses}, {key: "labels", kind: kindLabels}},
			help:   "show all processes, or those with one of the statuses and all of the labels",
			run:    runList,
		},
		{
			name: "process.logs",
			params: []param{
				nameParam,
				{key: "lines", kind: kindNumber},
				{key: "stream", kind: kindStream},
				{key: "previous", kind: kindBool},
				{key: "since", kind: kindSince},
			},
			help: fmt.Sprintf("show the newest lines that a process wrote (%d unless told), or that its life before did", supervisor.DefaultLogLines),
			run:  runLogs,
		},
		{
			name:   "process.history",
			params: []param{nameParam},
			help:   "show how the last lives of a process ended, newest first",
			run:    runHistory,
		},
		{
			name:   "process.tree",
			params: []param{nameParam},
			help:   "show the living processes of a process's tree, each before its children",
			run:    runTree,
		},
		{
			name: "system.info",
			help: "show the manager itself, who enforces limits, and what the container uses and may use",
			run:  runSystem,
		},
	}
}

// sessionVerbs are about the connection.
func sessionVerbs() []verb {
	return []verb{
		{
			name:   "help",
			params: []param{helpParam},
			help:   "show this list, or what stands in it about one verb",
			run:    runHelp,
		},
		{
			name:  "quit",
			help:  "close the connection",
			quits: true,
			run:   runQuit,
		},
	}
}

// waiting is the context of a verb that takes wait.
func (c call) waiting(ctx context.Context) context.Context {
	if _, given := c.args[waitParam.key]; given && !c.yes(waitParam.key) {
		return supervisor.NoWait(ctx)
	}
	return ctx
}

// done is the answer of a verb that changes one process.
func done(c call, what string, value any, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	return doneTo(c, c.text("name"), what, value), nil
}

func doneTo(c call, name, what string, value any) reply {
	if !supervisor.Waits(c.waiting(context.Background())) {
		what = "is being " + what
	}
	return reply{text: fmt.Sprintf("Process '%s' %s", name, what), value: value}
}

func runStart(ctx context.Context, c call) (reply, error) {
	spec, _ := c.args["spec"].(*supervisor.Spec)
	info, err := c.control().Start(c.waiting(ctx), c.who, supervisor.StartRequest{
		Name:     c.text("name"),
		Command:  c.text("command"),
		Log:      c.yes("log"),
		Deadline: c.number("deadline"),
		Cron:     c.text("cron"),
		JobID:    c.text(keyJobID),
		Spec:     spec,
	})
	return done(c, "started", info, err)
}

func runStop(ctx context.Context, c call) (reply, error) {
	info, err := c.control().Stop(c.waiting(ctx), c.who, c.text("name"))
	return done(c, "stopped", info, err)
}

func runRestart(ctx context.Context, c call) (reply, error) {
	info, err := c.control().Restart(c.waiting(ctx), c.who, c.text("name"))
	return done(c, "restarted", info, err)
}

func runDelete(ctx context.Context, c call) (reply, error) {
	return done(c, "deleted", true, c.control().Delete(c.waiting(ctx), c.who, c.text("name")))
}

func runStatus(ctx context.Context, c call) (reply, error) {
	info, err := c.control().Status(ctx, c.who, c.text("name"))
	if err != nil {
		return reply{}, err
	}
	return reply{text: statusText(info), value: info}, nil
}

func runList(ctx context.Context, c call) (reply, error) {
	req := supervisor.ListRequest{}
	req.Labels, _ = c.args["labels"].(map[string]string)
	req.Status, _ = c.args["status"].([]supervisor.Status)
	list, err := c.control().List(ctx, c.who, req)
	if err != nil {
		return reply{}, err
	}
	return reply{text: listText(list, c.columns), value: listed(list)}, nil
}

func runLogs(ctx context.Context, c call) (reply, error) {
	list, err := c.control().Logs(ctx, c.who, supervisor.LogsRequest{
		Name:     c.text("name"),
		Lines:    c.number("lines"),
		Stream:   supervisor.Stream(c.text("stream")),
		Previous: c.yes("previous"),
		Since:    c.moment("since"),
	})
	if err != nil {
		return reply{}, err
	}
	return reply{text: supervisor.JoinLog(list), value: listed(list)}, nil
}

func runSignal(ctx context.Context, c call) (reply, error) {
	sig, _ := c.args["signal"].(supervisor.Signal)
	info, err := c.control().Signal(ctx, c.who, c.text("name"), sig)
	return done(c, fmt.Sprintf("was sent %s", sig), info, err)
}

func runTrigger(ctx context.Context, c call) (reply, error) {
	info, err := c.control().Trigger(c.waiting(ctx), c.who, c.text("name"))
	if err != nil {
		return reply{}, err
	}
	return doneTo(c, info.Called(c.text("name")), "triggered", info), nil
}

func runProbe(ctx context.Context, c call) (reply, error) {
	kind, _ := c.args["probe"].(supervisor.ProbeKind)
	list, err := c.control().Probe(ctx, c.who, supervisor.ProbeRequest{Name: c.text("name"), Probe: kind})
	if err != nil {
		return reply{}, err
	}
	return reply{text: probesText(list, c.columns), value: listed(list)}, nil
}

func runExec(ctx context.Context, c call) (reply, error) {
	result, err := c.control().Exec(ctx, c.who, supervisor.ExecRequest{
		Name: c.text("name"), Command: supervisor.Command{Shell: c.text("command")}, Timeout: c.span("timeout"),
	})
	if err != nil {
		return reply{}, err
	}
	return reply{text: execText(result), value: result}, nil
}

func runHistory(ctx context.Context, c call) (reply, error) {
	lives, err := c.control().History(ctx, c.who, c.text("name"))
	if err != nil {
		return reply{}, err
	}
	for i := range lives {
		lives[i].Log = listed(lives[i].Log)
	}
	return reply{text: historyText(lives, c.columns), value: listed(lives)}, nil
}

func runTree(ctx context.Context, c call) (reply, error) {
	list, err := c.control().Tree(ctx, c.who, c.text("name"))
	if err != nil {
		return reply{}, err
	}
	return reply{text: treeText(list, c.columns), value: listed(list)}, nil
}

func runSystem(ctx context.Context, c call) (reply, error) {
	info, err := c.control().System(ctx, c.who)
	if err != nil {
		return reply{}, err
	}
	return reply{text: systemText(info), value: info}, nil
}

// listed is a list that is [] in JSON, never null.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func runHelp(_ context.Context, c call) (reply, error) {
	list := c.srv.verbs
	if name, given := c.args[helpParam.key].(string); given {
		v, err := c.srv.named(name)
		if err != nil {
			return reply{}, err
		}
		list = []verb{*v}
	}
	return reply{text: helpText(list), value: helpValue(list)}, nil
}

// named returns the row of a verb that is asked about: in any case, with or without !! and
// process. in front.
func (s *Server) named(text string) (*verb, error) {
	name := strings.TrimPrefix(strings.ToLower(text), "!!")
	var short, names []string
	for i, v := range s.verbs {
		bare := v.name[strings.LastIndexByte(v.name, '.')+1:]
		if name == v.name || name == bare {
			return &s.verbs[i], nil
		}
		names, short = append(names, v.name), append(short, bare)
	}
	return nil, fmt.Errorf("there is no verb %s (%s!!help lists all)", strconv.Quote(supervisor.Shorten(text, supervisor.MaxName)),
		didYouMean("", name, append(names, short...)))
}

func runQuit(context.Context, call) (reply, error) {
	return reply{text: "Bye", value: true}, nil
}
