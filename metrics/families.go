package metrics

import (
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/processmanager/processmanager/supervisor"
)

// Prefix begins the name of every family of this package.
const Prefix = "processmanager_"

// OtherName is the value of the label name under which the processes without
// series of their own are summed.
const OtherName = "_other"

// family is one row of the table below: a name, its help, and the samples that
// it takes from a snapshot. Exactly one of process and once is set.
type family struct {
	name, help string
	kind       dto.MetricType
	// process emits the samples of one process.
	process func(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat)
	// summed: the process function holds for the sum of many, too.
	summed bool
	// once emits the samples of the manager.
	once func(b *builder, s *supervisor.Snapshot)
}

const (
	counter = dto.MetricType_COUNTER
	gauge   = dto.MetricType_GAUGE
)

// families are those that are made from a snapshot, sorted by name.
var families = []family{
	{
		name: "cron_last_success_timestamp_seconds", kind: gauge, process: cronLastSuccess,
		help: "When the last successful scheduled run ended, in seconds since 1970.",
	},
	{
		name: "cron_next_run_timestamp_seconds", kind: gauge, process: cronNextRun,
		help: "When the schedule fires next, in seconds since 1970.",
	},
	{
		name: "cron_runs_total", kind: counter, process: cronRuns, summed: true,
		help: "Scheduled times by what became of them: succeeded, failed, skipped (the run before was not over), replaced (ended for the next) or missed (it was too late).",
	},
	{
		name: "deadline_exceeded_total", kind: counter, process: deadlineExceeded, summed: true,
		help: "Runs that were ended by their deadline.",
	},
	{
		name: "manifest_last_reload_success_timestamp_seconds", kind: gauge, once: reloadTime,
		help: "When a manifest was last read and applied with success, in seconds since 1970.",
	},
	{
		name: "manifest_last_reload_successful", kind: gauge, once: reloadSuccessful,
		help: "Whether the last attempt to read and apply the manifest succeeded (1) or the one before stays in force (0).",
	},
	{
		name: "orphans_reaped_total", kind: counter, once: orphansReaped,
		help: "Children reaped that the manager did not start itself.",
	},
	{
		name: "probe_results_total", kind: counter, process: probeResults, summed: true,
		help: "Attempts of the process's probes, by probe (startup, liveness, readiness) and result (successful, failed).",
	},
	{
		name: "proc_read_errors_total", kind: counter, once: readErrors,
		help: "What /proc should have told of the processes and did not: entries that could not be read, leaders that it does not show, passes that hung.",
	},
	{
		name: "process_cpu_seconds_total", kind: counter, process: cpuSeconds, summed: true,
		help: "CPU time of the process's whole tree in seconds, by mode (user, system), ended descendants and earlier lives included.",
	},
	{
		name: "process_exits_total", kind: counter, process: exits, summed: true,
		help: "Lives of the process that ended, by reason.",
	},
	{
		name: "process_io_bytes_total", kind: counter, process: ioBytes,
		help: "Bytes that the process's whole tree read from storage or wrote to it, by mode (read, write), ended descendants and earlier lives included.",
	},
	{
		name: "process_last_exit_code", kind: gauge, process: lastExitCode,
		help: "Exit code of the last life that ended, 128+n when signal n ended it.",
	},
	{
		name: "process_log_bytes_total", kind: counter, process: logBytes, summed: true,
		help: "Output captured from the process in bytes, by stream.",
	},
	{
		name: "process_log_dropped_bytes_total", kind: counter, process: logDropped, summed: true,
		help: "Output in bytes that a sink did not take in time and has lost.",
	},
	{
		name: "process_memory_limit_bytes", kind: gauge, process: memoryLimit,
		help: "Memory that the process's whole tree may use, in bytes.",
	},
	{
		name: "process_open_fds", kind: gauge, process: openFDs,
		help: "Open file descriptors of the process's whole tree.",
	},
	{
		name: "process_proportional_memory_bytes", kind: gauge, process: proportionalMemory,
		help: "Proportional memory of the process's whole tree in bytes: a page shared by n processes counts as 1/n in each. Measured where its metrics ask for it.",
	},
	{
		name: "process_ready", kind: gauge, process: readyNow,
		help: "Whether the process is ready (1) or not (0).",
	},
	{
		name: "process_resident_memory_bytes", kind: gauge, process: residentMemory, summed: true,
		help: "Resident memory of the process's whole tree in bytes; pages shared between its processes count in each.",
	},
	{
		name: "process_restarts_total", kind: counter, process: restarts, summed: true,
		help: "Automatic restarts of the process, by the reason why the life before ended.",
	},
	{
		name: "process_start_time_seconds", kind: gauge, process: startTime,
		help: "When the current or last life of the process began, in seconds since 1970.",
	},
	{
		name: "process_state", kind: gauge, process: state,
		help: "The state of the process: 1 for the one it is in, 0 for all others.",
	},
	{
		name: "process_threads", kind: gauge, process: threads, summed: true,
		help: "Threads in the process's whole tree.",
	},
	{
		name: "process_tree_size", kind: gauge, process: treeSize, summed: true,
		help: "Living processes in the process's tree, itself included.",
	},
	{
		name: "process_up", kind: gauge, process: up,
		help: "Whether the process's leader lives (1) or not (0).",
	},
	{
		name: "process_working_set_bytes", kind: gauge, process: workingSet,
		help: "Memory of the process's cgroup in bytes, without inactive page cache. Measured where its metrics ask for it.",
	},
}

func cronLastSuccess(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	if p.Cron {
		b.timestamp(p.CronLastSuccess, name)
	}
}

func cronNextRun(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	if p.Cron {
		b.timestamp(p.CronNext, name)
	}
}

func cronRuns(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	if !p.Cron && len(p.CronRuns) == 0 {
		return
	}
	for _, r := range cronResults {
		b.sample(float64(p.CronRuns[r.of]), name, r.pair)
	}
}

func deadlineExceeded(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	b.sample(float64(p.DeadlineExceeded), name)
}

func reloadTime(b *builder, s *supervisor.Snapshot) { b.timestamp(s.Manifest.LastSuccess) }

func reloadSuccessful(b *builder, s *supervisor.Snapshot) {
	if m := s.Manifest; m.Loaded || m.Error != "" {
		b.sample(truth(m.Successful))
	}
}

func orphansReaped(b *builder, s *supervisor.Snapshot) { b.sample(float64(s.OrphansReaped)) }

// probeResults has both results of every probe that has been made, so that
// increase() sees the first failure behind a success too.
func probeResults(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	if len(p.Probes) == 0 {
		return
	}
	for _, kind := range probeKinds {
		failed, has := p.Probes[supervisor.ProbeCount{Probe: kind.of}]
		good, hasGood := p.Probes[supervisor.ProbeCount{Probe: kind.of, OK: true}]
		if has || hasGood {
			b.sample(float64(failed), name, kind.pair, probeFailed)
			b.sample(float64(good), name, kind.pair, probeSuccessful)
		}
	}
}

func memoryLimit(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	if p.MemoryLimit > 0 {
		b.sample(float64(p.MemoryLimit), name)
	}
}

func cpuSeconds(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	b.sample(p.CPUSystem.Seconds(), modeSystem, name) // labels are sorted: mode, name
	b.sample(p.CPUUser.Seconds(), modeUser, name)
}

func exits(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	b.byReason(name, p.Exits)
}

func restarts(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	b.byReason(name, p.Restarts)
}

func lastExitCode(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	if p.LastExitCode != nil {
		b.sample(float64(*p.LastExitCode), name)
	}
}

func logBytes(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	for _, s := range streams {
		b.sample(float64(p.LogBytes[s.of]), name, s.pair)
	}
}

func logDropped(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	b.sample(float64(p.LogDropped), name)
}

func readyNow(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	b.sample(truth(p.Ready), name)
}

func residentMemory(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	b.sampled(float64(p.ResidentBytes), name, p)
}

func readErrors(b *builder, s *supervisor.Snapshot) { b.sample(float64(s.ReadErrors)) }

func ioBytes(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	if p.HasDetails {
		b.sample(float64(p.ReadBytes), modeRead, name)
		b.sample(float64(p.WriteBytes), modeWrite, name)
	}
}

func openFDs(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	if p.HasDetails {
		b.sampled(float64(p.OpenFDs), name, p)
	}
}

func proportionalMemory(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	if p.ProportionalBytes > 0 {
		b.sample(float64(p.ProportionalBytes), name)
	}
}

func workingSet(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	if p.WorkingSetBytes > 0 {
		b.sample(float64(p.WorkingSetBytes), name)
	}
}

func startTime(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	b.timestamp(p.StartTime, name)
}

func state(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	for _, s := range states {
		b.sample(truth(s.of == p.Status), name, s.pair)
	}
}

func threads(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	b.sampled(float64(p.Threads), name, p)
}

func treeSize(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	b.sampled(float64(p.TreeSize), name, p)
}

func up(b *builder, name *dto.LabelPair, p *supervisor.ProcessStat) {
	b.sample(truth(p.Up), name)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// seconds is a moment as Prometheus wants it, exact to the millisecond.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
