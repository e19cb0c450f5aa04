package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/supervisor"
)

// podProcesses is what -format json writes of one Pod.
type podProcesses struct {
	Namespace string                    `json:"namespace"`
	Pod       string                    `json:"pod"`
	Processes []*supervisor.ProcessInfo `json:"processes"`
	Error     string                    `json:"error,omitempty"`
}

func (p *program) list(ctx context.Context, c *cli.Command) error {
	if c.Args().Len() > 0 {
		return usagef("list takes no names: status does")
	}
	argv := []string{"list", "-format", "json"}
	for _, flag := range []string{"status", "labels"} {
		if value := c.String(flag); value != "" {
			argv = append(argv, "-"+flag+"="+value)
		}
	}
	f, err := p.fleet(ctx, c)
	if err != nil {
		return err
	}
	return f.show(f.ask(ctx, argv...))
}

func (p *program) status(ctx context.Context, c *cli.Command) error {
	list, err := wanted(c)
	if err != nil {
		return err
	}
	f, err := p.fleet(ctx, c)
	if err != nil {
		return err
	}
	return f.show(f.ask(ctx, append([]string{"status", "-format", "json"}, list...)...))
}

// show writes the processes of all Pods, as one table or as JSON, and concludes.
func (f *fleet) show(answers []answer) error {
	pods := make([]podProcesses, len(answers))
	for i := range answers {
		a := &answers[i]
		pods[i] = podProcesses{Namespace: a.pod.namespace, Pod: a.pod.name, Processes: []*supervisor.ProcessInfo{}}
		if list := read[*supervisor.ProcessInfo](a); list != nil {
			pods[i].Processes = list
		}
		if a.err != nil {
			pods[i].Error = a.err.Error()
		}
	}
	if f.json {
		encoder := json.NewEncoder(f.out)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(pods); err != nil {
			return err
		}
		return f.conclude(answers)
	}
	table := tabwriter.NewWriter(f.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, tableHeader)
	answered := false // a header without rows is an answer, too
	for i, a := range answers {
		answered = answered || a.err == nil
		for _, info := range pods[i].Processes {
			answered = true
			fmt.Fprintln(table, strings.TrimRight(strings.Join(row(a.pod.label, info, time.Now()), "\t"), "\t"))
		}
	}
	if answered {
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return f.conclude(answers)
}

const tableHeader = "POD\tNAME\tSTATUS\tREADY\tPID\tRESTARTS\tCPU%\tMEM(MiB)\tAGE\tNOTE"

// row are the columns of one process.
func row(pod string, p *supervisor.ProcessInfo, now time.Time) []string {
	pid, age, ready := "-", "-", "no"
	if p.Ready {
		ready = "yes"
	}
	if p.PID != nil {
		pid = strconv.Itoa(*p.PID)
		if p.StartTime != nil {
			age = ageOf(now.Sub(*p.StartTime))
		}
	}
	note := cmp.Or(p.Error, string(p.Reason))
	if p.Cron != "" && p.NextRun != nil {
		note = strings.TrimSpace(note + " next run " + p.NextRun.Format(time.RFC3339))
	}
	if len(p.WaitsFor) > 0 {
		note = "waits for " + strings.Join(p.WaitsFor, ", ")
	}
	return []string{
		pod, p.Name, string(p.Status), ready, pid, strconv.Itoa(p.Restarts), fmt.Sprintf("%.1f", p.CPUPercent),
		fmt.Sprintf("%.1f", p.MemoryMB), age, supervisor.Harmless(strings.ReplaceAll(note, "\n", " ")),
	}
}

// ageOf writes a duration with one unit, or two of the larger ones, as kubectl does. Clocks
// of nodes differ: what began in the future began now.
func ageOf(d time.Duration) string {
	switch d = max(d, 0); {
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}
