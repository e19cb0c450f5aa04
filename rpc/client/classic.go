package client

import (
	"context"

	"github.com/processmanager/processmanager/supervisor"
)

// Classic offers the classic interface over the API.
func (c *Client) Classic() supervisor.ProcessManagerInterface { return classic{c} }

type classic struct{ c *Client }

var _ supervisor.ProcessManagerInterface = classic{}

// GetSecret returns the secret that the client was given.
func (a classic) GetSecret() string { return a.c.secret }

func (a classic) StartProcess(name, command string, logEnabled bool, deadline int, cron, jobID string) error {
	_, err := a.c.Start(context.Background(), StartParams{
		Name: name, Command: command, Log: logEnabled, Deadline: deadline, Cron: cron, JobID: jobID,
	})
	return err
}

func (a classic) StopProcess(name string) error {
	_, err := a.c.Stop(context.Background(), name)
	return err
}

func (a classic) RestartProcess(name string) error {
	_, err := a.c.Restart(context.Background(), name)
	return err
}

func (a classic) DeleteProcess(name string) error { return a.c.Delete(context.Background(), name) }

func (a classic) GetProcessStatus(name string) (*supervisor.ProcessInfo, error) {
	return a.c.Status(context.Background(), name)
}

// ListProcesses returns nil when the manager does not answer: the classic
// signature has no error to say so.
func (a classic) ListProcesses() []*supervisor.ProcessInfo {
	list, err := a.c.List(context.Background(), ListParams{})
	if err != nil {
		return nil
	}
	return list
}

func (a classic) GetProcessLogs(name string, lines int) (string, error) {
	list, err := a.c.Logs(context.Background(), LogsParams{Name: name, Lines: lines})
	if err != nil {
		return "", err
	}
	return supervisor.JoinLog(list), nil
}
