package supervisor

import "context"

// ProcessManagerInterface is the classic interface: eight methods without
// contexts. A manager offers it through [Classic]; the generated RPC client and
// the fake in supervisortest implement it too.
//
// Each method is bounded by the process's own numbers (grace period, backoff),
// returns one of the sentinel errors of this package wrapped with the name and
// the reason, and may be called from any goroutine.
type ProcessManagerInterface interface {
	// Authentication
	GetSecret() string
	// Process management
	StartProcess(name, command string, logEnabled bool, deadline int, cron, jobID string) error
	StopProcess(name string) error
	RestartProcess(name string) error
	DeleteProcess(name string) error
	GetProcessStatus(name string) (*ProcessInfo, error)
	ListProcesses() []*ProcessInfo
	GetProcessLogs(name string, lines int) (string, error)
}

// Classic adapts a Control to the classic interface. Calls are made as an
// operator through [DoorGo].
func Classic(c Control, secret string) ProcessManagerInterface {
	return &classic{control: c, secret: secret, who: Caller{Door: DoorGo, Peer: "local", Role: RoleOperator}}
}

type classic struct {
	control Control
	secret  string
	who     Caller
}

func (c *classic) GetSecret() string { return c.secret }

func (c *classic) StartProcess(name, command string, logEnabled bool, deadline int, cron, jobID string) error {
	_, err := c.control.Start(context.Background(), c.who, StartRequest{
		Name: name, Command: command, Log: logEnabled, Deadline: deadline, Cron: cron, JobID: jobID,
	})
	return err
}

func (c *classic) StopProcess(name string) error {
	_, err := c.control.Stop(context.Background(), c.who, name)
	return err
}

func (c *classic) RestartProcess(name string) error {
	_, err := c.control.Restart(context.Background(), c.who, name)
	return err
}

func (c *classic) DeleteProcess(name string) error {
	return c.control.Delete(context.Background(), c.who, name)
}

func (c *classic) GetProcessStatus(name string) (*ProcessInfo, error) {
	return c.control.Status(context.Background(), c.who, name)
}

// ListProcesses returns nil when the manager has ended: the classic signature
// has no error to say so.
func (c *classic) ListProcesses() []*ProcessInfo {
	list, err := c.control.List(context.Background(), c.who, ListRequest{})
	if err != nil {
		return nil
	}
	return list
}

func (c *classic) GetProcessLogs(name string, lines int) (string, error) {
	list, err := c.control.Logs(context.Background(), c.who, LogsRequest{Name: name, Lines: lines})
	if err != nil {
		return "", err
	}
	return JoinLog(list), nil
}
