# Code generated from openrpc.json by rpc/gen. DO NOT EDIT.
"""Types, errors and methods of the API."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Dict, List, Literal, Optional, Type, Union

from ._errors import ManagerError
from ._subscription import EventFeed, Gap, LineFeed, Subscription

__all__ = [
    "AuthenticateResult",
    "Backoff",
    "Capabilities",
    "Change",
    "ChangeKind",
    "Command",
    "ConcurrencyPolicy",
    "Condition",
    "ContainerInfo",
    "Dependency",
    "Duration",
    "EndReason",
    "EnvFrom",
    "EnvSource",
    "EnvVar",
    "Event",
    "EventType",
    "ExecAction",
    "ExecResult",
    "ExitPolicy",
    "FieldRef",
    "FileKeyRef",
    "GRPCAction",
    "HTTPGetAction",
    "HTTPHeader",
    "ID",
    "IOPriority",
    "KillMode",
    "LifeRecord",
    "Lifecycle",
    "LifecycleHandler",
    "Log",
    "LogFormat",
    "LogLine",
    "ManifestInfo",
    "MemoryInfo",
    "Metrics",
    "OnDependencyRestart",
    "PathRef",
    "Port",
    "PortRef",
    "Probe",
    "ProbeInfo",
    "ProbeKind",
    "ProbeResult",
    "ProcessInfo",
    "ProcessState",
    "Quantity",
    "Readiness",
    "Reason",
    "ResourceList",
    "Resources",
    "RestartOnCode",
    "RestartPolicy",
    "RestartRule",
    "Rlimit",
    "SecurityContext",
    "SleepAction",
    "Spec",
    "Status",
    "Stream",
    "SubscribeResult",
    "SystemInfo",
    "TCPSocketAction",
    "TreeProcess",
    "URIScheme",
    "Umask",
    "WaitCondition",
    "ParseError",
    "InternalError",
    "InvalidParamsError",
    "MethodNotFoundError",
    "InvalidRequestError",
    "NotFoundError",
    "ExistsError",
    "InvalidError",
    "NotRunningError",
    "StartError",
    "StopTimeoutError",
    "ClosedError",
    "ForbiddenError",
    "NeedsWebSocketError",
    "EventNotice",
    "LineNotice",
    "Methods",
]

ChangeKind = Literal["added", "removed", "updated", "restarted"]

Command = Union[List[str], str]
"""A list is an argv and is executed; a string is run by /bin/sh -c."""

ConcurrencyPolicy = Literal["Forbid", "Allow", "Replace"]

Condition = Literal["Started", "Ready", "Completed"]

Duration = str
"""A duration with its unit, for example 300ms, 30s, 1m30s."""

EndReason = Literal["deleted", "slow", "shutdown", "error"]

EventType = Literal["status", "ready", "ended", "deleted", "manifest", "shutdown"]

ExitPolicy = Literal["WhenDone", "Never"]

ID = Union[int, str]
"""A user or a group, by number or by name."""

KillMode = Literal["Mixed", "Tree", "Group", "Process"]

Log = Union[bool, Dict[str, Any]]
"""What is done with the output beside the ring in memory; true is {file: true}."""

LogFormat = Literal["raw", "text", "json"]

OnDependencyRestart = Literal["Ignore", "Restart", "Stop"]

PortRef = Union[int, str]
"""A port, by number or by name."""

ProbeKind = Literal["startup", "liveness", "readiness"]

ProcessState = Literal["running", "sleeping", "disk", "stopped", "traced", "zombie", "idle", "other"]

Quantity = Union[str, float]
"""An amount as Kubernetes writes it, for example 500m, 128Mi."""

Reason = Literal["", "Completed", "Error", "Signaled", "OOMKilled", "MemoryLimit", "DeadlineExceeded", "StartError", "StartTimeout", "Unhealthy", "PostStartHookError", "DependencyFailed", "BackoffLimitExceeded", "StoppedByUser", "Suspended", "ConfigChanged", "Shutdown", "Replaced", "DependencyRestarted"]

RestartPolicy = Literal["Always", "OnFailure", "Never"]

Rlimit = Union[Union[int, str], Dict[str, Any]]
"""A limit for both, or soft and hard apart; "unlimited" is none."""

Status = Literal["pending", "starting", "running", "stopping", "backoff", "scheduled", "stopped", "completed", "failed", "stuck"]

Stream = Literal["stdout", "stderr"]

URIScheme = Literal["HTTP", "HTTPS"]

Umask = str
"""Octal digits, for example 0022."""

WaitCondition = Literal["running", "ready", "completed", "ended", "deleted"]


@dataclass
class AuthenticateResult:
    """AuthenticateResult of the API."""

    #: operator may change, viewer may look.
    role: str = field(metadata={"json": "role"})


@dataclass
class Backoff:
    """Backoff of the API."""

    #: First delay. Default: 1s.
    initial: Optional[Duration] = field(default=None, metadata={"json": "initial"})
    #: Growth per restart, at least 1. Default: 2.
    factor: Optional[float] = field(default=None, metadata={"json": "factor"})
    #: Greatest delay. Default: 60s.
    max: Optional[Duration] = field(default=None, metadata={"json": "max"})
    #: Random part added, as a fraction from 0 to 1. Default: 0.1.
    jitter: Optional[float] = field(default=None, metadata={"json": "jitter"})
    #: A life this long is healthy: the next restart is immediate and the count begins anew.
    #: Default: 60s.
    reset_after: Optional[Duration] = field(default=None, metadata={"json": "resetAfter"})


@dataclass
class Capabilities:
    """Capabilities of the API."""

    #: Capabilities that it has beside the manager's bounds, such as NET_BIND_SERVICE, or ALL.
    add: Optional[List[str]] = field(default=None, metadata={"json": "add"})
    #: Capabilities that it cannot have, such as NET_RAW, or ALL.
    drop: Optional[List[str]] = field(default=None, metadata={"json": "drop"})


@dataclass
class Change:
    """Change of the API."""

    #: The process; empty for a setting of the whole manifest.
    name: str = field(metadata={"json": "name"})
    #: What becomes of it.
    action: ChangeKind = field(metadata={"json": "action"})
    #: Paths of what differs, for example env[2].value. Values are not shown.
    fields: Optional[List[str]] = field(default=None, metadata={"json": "fields"})
    #: What is to be known about it, in words.
    note: Optional[str] = field(default=None, metadata={"json": "note"})


@dataclass
class ContainerInfo:
    """ContainerInfo of the API."""

    #: Memory in use in MiB, without inactive page cache.
    memory_mb: Optional[float] = field(default=None, metadata={"json": "memory_mb"})
    #: Whose memory_mb is: cgroup, the container's; host, the whole machine's, because no cgroup
    #: counts it.
    memory_by: Optional[str] = field(default=None, metadata={"json": "memory_by"})
    #: Memory that there is in MiB.
    memory_limit_mb: Optional[float] = field(default=None, metadata={"json": "memory_limit_mb"})
    #: Whose memory_limit_mb is: cgroup, the container's limit; host, the whole machine's,
    #: because the container has no limit below.
    memory_limit_by: Optional[str] = field(default=None, metadata={"json": "memory_limit_by"})
    #: CPU time of the container in seconds, since its cgroup was made; it never goes back.
    cpu_seconds: Optional[float] = field(default=None, metadata={"json": "cpu_seconds"})
    #: Cores that may be used: those of the manager's affinity, or the quota of the cgroup if
    #: that is less.
    cpus: Optional[float] = field(default=None, metadata={"json": "cpus"})
    #: Living processes and their threads in the container.
    tasks: Optional[int] = field(default=None, metadata={"json": "tasks"})
    #: How many of them there may be; absent: no limit.
    tasks_limit: Optional[int] = field(default=None, metadata={"json": "tasks_limit"})


@dataclass
class Dependency:
    """Dependency of the API."""

    #: The other process.
    name: str = field(metadata={"json": "name"})
    #: What must have happened to it. Default: Started.
    condition: Optional[Condition] = field(default=None, metadata={"json": "condition"})
    #: How long to wait; then this process has failed with DependencyFailed. Absent: for ever.
    timeout: Optional[Duration] = field(default=None, metadata={"json": "timeout"})


@dataclass
class EnvFrom:
    """EnvFrom of the API."""

    #: Put in front of each key.
    prefix: Optional[str] = field(default=None, metadata={"json": "prefix"})
    #: Directory where a ConfigMap is mounted: each file is a variable, but hidden ones.
    config_map_ref: Optional[PathRef] = field(default=None, metadata={"json": "configMapRef"})
    #: Directory where a Secret is mounted: each file is a variable, but hidden ones.
    secret_ref: Optional[PathRef] = field(default=None, metadata={"json": "secretRef"})
    #: A dotenv file: NAME=value on each line.
    file_ref: Optional[PathRef] = field(default=None, metadata={"json": "fileRef"})


@dataclass
class EnvSource:
    """EnvSource of the API."""

    #: A field of the process itself.
    field_ref: Optional[FieldRef] = field(default=None, metadata={"json": "fieldRef"})
    #: One key of a dotenv file, or one file of a mounted ConfigMap or Secret.
    file_key_ref: Optional[FileKeyRef] = field(default=None, metadata={"json": "fileKeyRef"})


@dataclass
class EnvVar:
    """EnvVar of the API."""

    #: Name of the variable.
    name: str = field(metadata={"json": "name"})
    #: Its value; $(NAME) expands, $$(NAME) does not.
    value: Optional[str] = field(default=None, metadata={"json": "value"})
    #: Where the value comes from; not together with value.
    value_from: Optional[EnvSource] = field(default=None, metadata={"json": "valueFrom"})


@dataclass
class Event:
    """Event of the API."""

    #: Number of the event; they have no gaps unless events were filtered out.
    seq: int = field(metadata={"json": "seq"})
    #: When it happened.
    ts: datetime = field(metadata={"json": "ts"})
    #: What happened.
    type: EventType = field(metadata={"json": "type"})
    #: Whether it is ready after it.
    ready: bool = field(metadata={"json": "ready"})
    #: The process; absent when it is about the manager.
    name: Optional[str] = field(default=None, metadata={"json": "name"})
    #: Number of the life.
    run: Optional[int] = field(default=None, metadata={"json": "run"})
    #: Status after it.
    status: Optional[Status] = field(default=None, metadata={"json": "status"})
    #: Process id of the leader, while one lives.
    pid: Optional[int] = field(default=None, metadata={"json": "pid"})
    #: Why a life, or the run, has ended.
    reason: Optional[Reason] = field(default=None, metadata={"json": "reason"})
    #: Exit code of the life that has ended by exiting.
    exit_code: Optional[int] = field(default=None, metadata={"json": "exit_code"})
    #: Signal that has ended the life.
    signal: Optional[str] = field(default=None, metadata={"json": "signal"})
    #: Next scheduled time.
    next_run: Optional[datetime] = field(default=None, metadata={"json": "next_run"})
    #: More, in words.
    message: Optional[str] = field(default=None, metadata={"json": "message"})


@dataclass
class ExecAction:
    """ExecAction of the API."""

    #: A list is an argv, after $(NAME) expansion; a string is run by /bin/sh -c.
    command: Command = field(metadata={"json": "command"})


@dataclass
class ExecResult:
    """ExecResult of the API."""

    #: The process in whose context it ran.
    process: str = field(metadata={"json": "process"})
    #: Number of the life in which it ran; 0: the process did not run, and the context was that
    #: of its definition.
    run: int = field(metadata={"json": "run"})
    #: Exit code; null when a signal ended it.
    exit_code: Optional[int] = field(metadata={"json": "exit_code"})
    #: Signal that ended it; null when there is none.
    signal: Optional[str] = field(metadata={"json": "signal"})
    #: Why it ended: Completed, Error, Signaled, OOMKilled, or DeadlineExceeded when its time
    #: was up.
    reason: Reason = field(metadata={"json": "reason"})
    #: What it wrote to stdout, as base64: the first MiB of it.
    stdout: bytes = field(metadata={"json": "stdout"})
    #: What it wrote to stderr, likewise.
    stderr: bytes = field(metadata={"json": "stderr"})
    #: It wrote more to stdout than was kept.
    stdout_truncated: bool = field(metadata={"json": "stdout_truncated"})
    #: It wrote more to stderr than was kept.
    stderr_truncated: bool = field(metadata={"json": "stderr_truncated"})
    #: How long it took.
    seconds: float = field(metadata={"json": "seconds"})
    #: Why the manager has killed it; absent when it did not.
    error: Optional[str] = field(default=None, metadata={"json": "error"})


@dataclass
class FieldRef:
    """FieldRef of the API."""

    #: metadata.name, or metadata.labels['KEY'].
    field_path: str = field(metadata={"json": "fieldPath"})


@dataclass
class FileKeyRef:
    """FileKeyRef of the API."""

    #: A dotenv file, or a directory with a file for each key.
    path: str = field(metadata={"json": "path"})
    #: The key.
    key: str = field(metadata={"json": "key"})
    #: Without the file or the key the variable is not set. Otherwise it is a StartError, and
    #: the start is tried again.
    optional: Optional[bool] = field(default=None, metadata={"json": "optional"})


@dataclass
class GRPCAction:
    """GRPCAction of the API."""

    #: Number.
    port: int = field(metadata={"json": "port"})
    #: Service to ask for. Default: the server as a whole.
    service: Optional[str] = field(default=None, metadata={"json": "service"})


@dataclass
class HTTPGetAction:
    """HTTPGetAction of the API."""

    #: Number, or a name out of ports.
    port: PortRef = field(metadata={"json": "port"})
    #: Path and query. Default: /.
    path: Optional[str] = field(default=None, metadata={"json": "path"})
    #: Where to connect to. Default: 127.0.0.1.
    host: Optional[str] = field(default=None, metadata={"json": "host"})
    #: HTTP or HTTPS. Default: HTTP.
    scheme: Optional[URIScheme] = field(default=None, metadata={"json": "scheme"})
    #: Headers of the request; Host overrides the one of the address.
    http_headers: Optional[List[HTTPHeader]] = field(default=None, metadata={"json": "httpHeaders"})


@dataclass
class HTTPHeader:
    """HTTPHeader of the API."""

    #: Name.
    name: str = field(metadata={"json": "name"})
    #: Value.
    value: Optional[str] = field(default=None, metadata={"json": "value"})


@dataclass
class IOPriority:
    """IOPriority of the API."""

    #: RealTime: before everybody else. BestEffort: in turn with the others. Idle: only when
    #: nobody else wants the disk.
    class_: str = field(metadata={"json": "class"})
    #: Place within the class: 0 comes first, 7 last. Idle has none. Default: 4.
    level: Optional[int] = field(default=None, metadata={"json": "level"})


@dataclass
class LifeRecord:
    """LifeRecord of the API."""

    #: The process; of a run under concurrencyPolicy Allow NAME.RUN.
    name: str = field(metadata={"json": "name"})
    #: Number of the life.
    run: int = field(metadata={"json": "run"})
    #: When it began; null when it could not be started.
    start_time: Optional[datetime] = field(metadata={"json": "start_time"})
    #: When nothing of it was left.
    end_time: datetime = field(metadata={"json": "end_time"})
    #: Exit code; null when a signal ended it or it could not be started.
    exit_code: Optional[int] = field(metadata={"json": "exit_code"})
    #: Signal that ended it; null when there is none.
    signal: Optional[str] = field(metadata={"json": "signal"})
    #: Why it ended.
    reason: Reason = field(metadata={"json": "reason"})
    #: Its last lines, at most ten.
    log: List[LogLine] = field(metadata={"json": "log"})
    #: Why it could not be started, or what was wrong when the manager ended it.
    error: Optional[str] = field(default=None, metadata={"json": "error"})


@dataclass
class Lifecycle:
    """Lifecycle of the API."""

    #: Done right after the start; the process is starting until it has ended. When it fails the
    #: process is ended with PostStartHookError.
    post_start: Optional[LifecycleHandler] = field(default=None, metadata={"json": "postStart"})
    #: Done before the stop signal, inside the grace period; the signal is left two seconds. Not
    #: after an exit of its own.
    pre_stop: Optional[LifecycleHandler] = field(default=None, metadata={"json": "preStop"})
    #: Done after every end of a life, with PM_EXIT_CODE, PM_EXIT_SIGNAL and PM_EXIT_REASON in
    #: the environment; bounded by the grace period.
    post_stop: Optional[LifecycleHandler] = field(default=None, metadata={"json": "postStop"})
    #: Signal that asks the process to end. Default: SIGTERM.
    stop_signal: Optional[str] = field(default=None, metadata={"json": "stopSignal"})


@dataclass
class LifecycleHandler:
    """LifecycleHandler of the API."""

    #: A command, run as the process is; exit code 0 is success.
    exec: Optional[ExecAction] = field(default=None, metadata={"json": "exec"})
    #: An HTTP request; 200 to 399 is success.
    http_get: Optional[HTTPGetAction] = field(default=None, metadata={"json": "httpGet"})
    #: A pause.
    sleep: Optional[SleepAction] = field(default=None, metadata={"json": "sleep"})


@dataclass
class LogLine:
    """LogLine of the API."""

    #: When the line was captured.
    ts: datetime = field(metadata={"json": "ts"})
    #: Stream that it was written to.
    stream: Stream = field(metadata={"json": "stream"})
    #: The life that wrote it.
    run: int = field(metadata={"json": "run"})
    #: The line without its end.
    msg: str = field(metadata={"json": "msg"})
    #: The line was longer than the limit; it goes on in the next.
    partial: Optional[bool] = field(default=None, metadata={"json": "partial"})


@dataclass
class ManifestInfo:
    """ManifestInfo of the API."""

    #: file, api, or none.
    source: str = field(metadata={"json": "source"})
    #: File or directory that is watched; empty when there is none.
    path: str = field(metadata={"json": "path"})
    #: Hash of the text in force.
    revision: str = field(metadata={"json": "revision"})
    #: When it came into force; null without a manifest.
    applied_time: Optional[datetime] = field(metadata={"json": "applied_time"})
    #: What is wrong with the newest text, which is not in force then; empty when nothing is.
    error: str = field(metadata={"json": "error"})
    #: Seconds for the whole shutdown.
    termination_grace_period_seconds: int = field(metadata={"json": "terminationGracePeriodSeconds"})
    #: When the manager exits by itself.
    exit_policy: ExitPolicy = field(metadata={"json": "exitPolicy"})
    #: The processes, in manifest order, with their defaults. Those made by callers are not
    #: among them.
    processes: List[Spec] = field(metadata={"json": "processes"})


@dataclass
class MemoryInfo:
    """MemoryInfo of the API."""

    #: Limit in MiB.
    limit_mb: float = field(metadata={"json": "limit_mb"})
    #: cgroup: the kernel enforces it; watch: the manager samples and restarts.
    by: str = field(metadata={"json": "by"})


@dataclass
class Metrics:
    """Metrics of the API."""

    #: Also measure its proportional set size, in which pages that processes share are divided
    #: among them. It takes about a millisecond for 100 MiB, and is absent where
    #: /proc/PID/smaps_rollup may not be read.
    proportional_memory: Optional[bool] = field(default=None, metadata={"json": "proportionalMemory"})
    #: Also measure the working set of its cgroup, as the kubelet does for a container. It is
    #: absent without a delegated cgroup v2 that has the memory controller, which it gets with a
    #: memory limit or request.
    working_set: Optional[bool] = field(default=None, metadata={"json": "workingSet"})


@dataclass
class PathRef:
    """PathRef of the API."""

    #: Absolute path.
    path: str = field(metadata={"json": "path"})
    #: It may be missing. Otherwise that is a StartError, and the start is tried again.
    optional: Optional[bool] = field(default=None, metadata={"json": "optional"})


@dataclass
class Port:
    """Port of the API."""

    #: Number.
    container_port: int = field(metadata={"json": "containerPort"})
    #: Name: lower case letters, digits and '-', at most 15.
    name: Optional[str] = field(default=None, metadata={"json": "name"})


@dataclass
class Probe:
    """Probe of the API."""

    #: A command, run as the process is; exit code 0 is success.
    exec: Optional[ExecAction] = field(default=None, metadata={"json": "exec"})
    #: An HTTP request; 200 to 399 is success.
    http_get: Optional[HTTPGetAction] = field(default=None, metadata={"json": "httpGet"})
    #: A connection; that it opens is success.
    tcp_socket: Optional[TCPSocketAction] = field(default=None, metadata={"json": "tcpSocket"})
    #: The standard gRPC health check; SERVING is success.
    grpc: Optional[GRPCAction] = field(default=None, metadata={"json": "grpc"})
    #: Seconds from the start of the life to the first attempt.
    initial_delay_seconds: Optional[int] = field(default=None, metadata={"json": "initialDelaySeconds"})
    #: Seconds an attempt may last. Default, also for 0: 1.
    timeout_seconds: Optional[int] = field(default=None, metadata={"json": "timeoutSeconds"})
    #: Seconds between attempts. Default, also for 0: 10.
    period_seconds: Optional[int] = field(default=None, metadata={"json": "periodSeconds"})
    #: Successes in a row that mean success. Default, also for 0: 1; for startup and liveness it
    #: must be 1.
    success_threshold: Optional[int] = field(default=None, metadata={"json": "successThreshold"})
    #: Failures in a row that mean failure. Default, also for 0: 3.
    failure_threshold: Optional[int] = field(default=None, metadata={"json": "failureThreshold"})
    #: Grace period when this probe ends the process; not for readiness. Default: the process's.
    termination_grace_period_seconds: Optional[int] = field(default=None, metadata={"json": "terminationGracePeriodSeconds"})


@dataclass
class ProbeInfo:
    """ProbeInfo of the API."""

    #: startup, liveness, readiness, or signal for a readiness signal.
    probe: str = field(metadata={"json": "probe"})
    #: Its verdict, after the thresholds.
    ok: bool = field(metadata={"json": "ok"})
    #: Failures in a row.
    failures: int = field(metadata={"json": "failures"})
    #: Successes in a row.
    successes: int = field(metadata={"json": "successes"})
    #: Why the last attempt failed; empty when it did not.
    message: Optional[str] = field(default=None, metadata={"json": "message"})
    #: When the last attempt ended; absent before the first.
    time: Optional[datetime] = field(default=None, metadata={"json": "time"})


@dataclass
class ProbeResult:
    """ProbeResult of the API."""

    #: The process that was probed: of replicas and of runs, which.
    process: str = field(metadata={"json": "process"})
    #: Number of its life.
    run: int = field(metadata={"json": "run"})
    #: The probe that was made.
    probe: ProbeKind = field(metadata={"json": "probe"})
    #: Whether the attempt succeeded. It counts for nothing: neither for thresholds and
    #: readiness, nor in metrics.
    success: bool = field(metadata={"json": "success"})
    #: How long the attempt took.
    seconds: float = field(metadata={"json": "seconds"})
    #: When it ended.
    time: datetime = field(metadata={"json": "time"})
    #: Why it failed; absent when it did not.
    message: Optional[str] = field(default=None, metadata={"json": "message"})


@dataclass
class ProcessInfo:
    """ProcessInfo of the API."""

    #: Unique name.
    name: str = field(metadata={"json": "name"})
    #: What is run, as one string; an argv is quoted and joined.
    command: str = field(metadata={"json": "command"})
    #: Process id of the leader; null when none runs.
    pid: Optional[int] = field(metadata={"json": "pid"})
    #: State of the process.
    status: Status = field(metadata={"json": "status"})
    #: It runs, and it is ready where it has a readiness signal.
    ready: bool = field(metadata={"json": "ready"})
    #: CPU use in percent of one core, of the whole process tree, between the last two samples,
    #: which are 1 to 5 s apart; 0 at the first.
    cpu_percent: float = field(metadata={"json": "cpu_percent"})
    #: Resident memory of the whole process tree, in MiB.
    memory_mb: float = field(metadata={"json": "memory_mb"})
    #: When the current or last life began; null before the first.
    start_time: Optional[datetime] = field(metadata={"json": "start_time"})
    #: A log file is kept.
    log_enabled: bool = field(metadata={"json": "log_enabled"})
    #: Schedule; empty when there is none.
    cron: str = field(metadata={"json": "cron"})
    #: Free text given at the start.
    job_id: str = field(metadata={"json": "job_id"})
    #: Seconds that a run may last; 0: no limit.
    deadline: int = field(metadata={"json": "deadline"})
    #: What is wrong, in words; empty when nothing is.
    error: str = field(metadata={"json": "error"})
    #: Number of automatic restarts.
    restarts: int = field(metadata={"json": "restarts"})
    #: Exit code of the last life that ended by exiting; null when there is none.
    exit_code: Optional[int] = field(metadata={"json": "exit_code"})
    #: Signal that ended the last life, for example SIGKILL; null when there is none.
    signal: Optional[str] = field(metadata={"json": "signal"})
    #: Why the last life ended; empty when none has.
    reason: Reason = field(metadata={"json": "reason"})
    #: Next scheduled run; null when there is none.
    next_run: Optional[datetime] = field(metadata={"json": "next_run"})
    #: Next automatic restart; null when there is none.
    next_retry: Optional[datetime] = field(metadata={"json": "next_retry"})
    #: Number of the current or last life; 0: none yet.
    run: int = field(metadata={"json": "run"})
    #: Labels of the process.
    labels: Optional[Dict[str, str]] = field(default=None, metadata={"json": "labels"})
    #: Unmet dependencies, each as "name (Condition)".
    waits_for: Optional[List[str]] = field(default=None, metadata={"json": "waits_for"})
    #: Name in the manifest, of a replica and of a run under concurrencyPolicy Allow.
    group: Optional[str] = field(default=None, metadata={"json": "group"})
    #: When the last life that ended did; absent before the first end.
    end_time: Optional[datetime] = field(default=None, metadata={"json": "end_time"})
    #: What the process says of itself by sd_notify STATUS.
    status_text: Optional[str] = field(default=None, metadata={"json": "status_text"})
    #: State of its probes and its readiness signal in this life.
    probes: Optional[List[ProbeInfo]] = field(default=None, metadata={"json": "probes"})
    #: Its memory limit, and who enforces it; absent without a limit.
    memory: Optional[MemoryInfo] = field(default=None, metadata={"json": "memory"})
    #: CPU time of all lives with their whole trees, ended descendants included, in seconds; it
    #: never goes back.
    cpu_seconds: Optional[float] = field(default=None, metadata={"json": "cpu_seconds"})
    #: Number of living processes in its tree, itself included.
    tree_size: Optional[int] = field(default=None, metadata={"json": "tree_size"})
    #: Number of threads in its tree.
    threads: Optional[int] = field(default=None, metadata={"json": "threads"})
    #: What the life that ended last wrote last, at most ten lines, when it has failed. Only in
    #: the answers about one process, not in lists.
    last_log: Optional[List[LogLine]] = field(default=None, metadata={"json": "last_log"})


@dataclass
class Readiness:
    """Readiness of the API."""

    #: By sd_notify(3): NOTIFY_SOCKET is set, READY=1 is awaited; STOPPING, RELOADING, STATUS
    #: and WATCHDOG are understood.
    notify: Optional[bool] = field(default=None, metadata={"json": "notify"})
    #: With notify: WATCHDOG=1 must come this often, or the process is ended with Unhealthy. The
    #: process is told by WATCHDOG_USEC.
    watchdog_seconds: Optional[int] = field(default=None, metadata={"json": "watchdogSeconds"})
    #: By a line written to this descriptor, as s6 has it.
    fd: Optional[int] = field(default=None, metadata={"json": "fd"})
    #: By a line of its output that matches this regular expression (RE2).
    log_pattern: Optional[str] = field(default=None, metadata={"json": "logPattern"})


@dataclass
class ResourceList:
    """ResourceList of the API."""

    #: Processors: 500m is a half. A limit of 0 is none.
    cpu: Optional[Quantity] = field(default=None, metadata={"json": "cpu"})
    #: Bytes: 128Mi, 1G. A limit is at least 1Mi, or 0 for none.
    memory: Optional[Quantity] = field(default=None, metadata={"json": "memory"})
    #: Processes and threads; as a limit only, 0 is none.
    pids: Optional[Quantity] = field(default=None, metadata={"json": "pids"})


@dataclass
class Resources:
    """Resources of the API."""

    #: What it may use, with its whole tree.
    limits: Optional[ResourceList] = field(default=None, metadata={"json": "limits"})
    #: What it is to have when others want it too: cpu becomes its weight, memory what is
    #: reclaimed last. Default: the limits.
    requests: Optional[ResourceList] = field(default=None, metadata={"json": "requests"})


@dataclass
class RestartOnCode:
    """RestartOnCode of the API."""

    #: In: the exit code is one of the values. NotIn: it is none of them.
    operator: str = field(metadata={"json": "operator"})
    #: Exit codes, each once; 128+n for an end by signal n. At least one, at most 255.
    values: List[int] = field(metadata={"json": "values"})


@dataclass
class RestartRule:
    """RestartRule of the API."""

    #: Restart: start it again, after the usual delay and within maxRestarts. FailJob: it has
    #: failed for good, which a success never has.
    action: str = field(metadata={"json": "action"})
    #: The exit codes that the rule is about.
    exit_codes: RestartOnCode = field(metadata={"json": "exitCodes"})


@dataclass
class SecurityContext:
    """SecurityContext of the API."""

    #: User, by number or name. HOME, USER and LOGNAME follow, unless env sets them.
    run_as_user: Optional[ID] = field(default=None, metadata={"json": "runAsUser"})
    #: Primary group, by number or name. Default: the user's, else 0.
    run_as_group: Optional[ID] = field(default=None, metadata={"json": "runAsGroup"})
    #: Refuse to start it as user 0.
    run_as_non_root: Optional[bool] = field(default=None, metadata={"json": "runAsNonRoot"})
    #: Further groups, by number or name. With runAsUser, the user's groups of /etc/group come
    #: first.
    supplemental_groups: Optional[List[ID]] = field(default=None, metadata={"json": "supplementalGroups"})
    #: Capabilities that it has.
    capabilities: Optional[Capabilities] = field(default=None, metadata={"json": "capabilities"})
    #: With false, no_new_privs is set: setuid programs give no rights. Default: true.
    allow_privilege_escalation: Optional[bool] = field(default=None, metadata={"json": "allowPrivilegeEscalation"})


@dataclass
class SleepAction:
    """SleepAction of the API."""

    #: How long.
    seconds: int = field(metadata={"json": "seconds"})


@dataclass
class Spec:
    """Spec of the API."""

    #: A list is an argv and is executed as it stands, after $(NAME) expansion; a string is run
    #: by /bin/sh -c.
    command: Command = field(metadata={"json": "command"})
    #: Unique name: letters, digits, '_', '.', '-', at most 63 bytes.
    name: Optional[str] = field(default=None, metadata={"json": "name"})
    #: Labels for selecting processes, with the grammar of Kubernetes.
    labels: Optional[Dict[str, str]] = field(default=None, metadata={"json": "labels"})
    #: Appended to the argv, or given to the shell string as $1, $2…. $(NAME) expands.
    args: Optional[List[str]] = field(default=None, metadata={"json": "args"})
    #: Directory to start in. Default: the manager's.
    working_dir: Optional[str] = field(default=None, metadata={"json": "workingDir"})
    #: Environment, added to the manager's own and to envFrom; later entries win.
    env: Optional[List[EnvVar]] = field(default=None, metadata={"json": "env"})
    #: Mounted ConfigMaps, Secrets and dotenv files whose keys become variables; later ones win,
    #: env wins over all.
    env_from: Optional[List[EnvFrom]] = field(default=None, metadata={"json": "envFrom"})
    #: Whether the manager's own environment is handed down. Default: true. With false PATH is
    #: that of container images, unless something sets it.
    inherit_env: Optional[bool] = field(default=None, metadata={"json": "inheritEnv"})
    #: Give it the manager's stdin; one process of a manifest may have it. Without it reads end
    #: at once.
    stdin: Optional[bool] = field(default=None, metadata={"json": "stdin"})
    #: Run it on a terminal of its own, so that it writes lines as to a person; stdout and
    #: stderr are one stream then.
    tty: Optional[bool] = field(default=None, metadata={"json": "tty"})
    #: Names for port numbers, which its probes and hooks may use. Nothing is opened or closed
    #: by this.
    ports: Optional[List[Port]] = field(default=None, metadata={"json": "ports"})
    #: When an ended process is started again. Default: Always; Never for scheduled ones.
    restart_policy: Optional[RestartPolicy] = field(default=None, metadata={"json": "restartPolicy"})
    #: What exits with certain codes lead to, whatever restartPolicy says, which has to be given
    #: too. The first rule that matches decides. At most 20.
    restart_policy_rules: Optional[List[RestartRule]] = field(default=None, metadata={"json": "restartPolicyRules"})
    #: Delay between restarts.
    restart_backoff: Optional[Backoff] = field(default=None, metadata={"json": "restartBackoff"})
    #: Consecutive restarts before giving up. Absent: no limit; 0: none.
    max_restarts: Optional[int] = field(default=None, metadata={"json": "maxRestarts"})
    #: Exit codes beside 0 that count as success, 1 to 255. A process that a signal has ended
    #: has none: 143 is its own exit code, not SIGTERM.
    success_exit_codes: Optional[List[int]] = field(default=None, metadata={"json": "successExitCodes"})
    #: When this process has ended for good the container stops the rest in order and exits with
    #: its code.
    essential: Optional[bool] = field(default=None, metadata={"json": "essential"})
    #: Do not start it (and do not run its schedule) until it is started by hand.
    suspend: Optional[bool] = field(default=None, metadata={"json": "suspend"})
    #: Run this many, as NAME-0, NAME-1 and so on, each with its index in PM_PROCESS_INDEX.
    #: Absent: one, called NAME.
    replicas: Optional[int] = field(default=None, metadata={"json": "replicas"})
    #: What must have happened elsewhere before the first start.
    depends_on: Optional[List[Dependency]] = field(default=None, metadata={"json": "dependsOn"})
    #: What happens to this process when one that it depends on begins a new life. Default:
    #: Ignore.
    on_dependency_restart: Optional[OnDependencyRestart] = field(default=None, metadata={"json": "onDependencyRestart"})
    #: How the process itself says that it is ready. With a readinessProbe both must agree.
    readiness: Optional[Readiness] = field(default=None, metadata={"json": "readiness"})
    #: Until it succeeds the process is starting and the other probes wait; when it fails for
    #: good the process is ended with StartTimeout.
    startup_probe: Optional[Probe] = field(default=None, metadata={"json": "startupProbe"})
    #: When it fails the process is ended with Unhealthy and its restartPolicy decides.
    liveness_probe: Optional[Probe] = field(default=None, metadata={"json": "livenessProbe"})
    #: While it fails the process is not ready. It never ends a process.
    readiness_probe: Optional[Probe] = field(default=None, metadata={"json": "readinessProbe"})
    #: Seconds a run may last, from its first life over automatic restarts; then it has failed
    #: for good.
    active_deadline_seconds: Optional[int] = field(default=None, metadata={"json": "activeDeadlineSeconds"})
    #: Seconds for preStop and from the stop signal to SIGKILL. Default: 30.
    termination_grace_period_seconds: Optional[int] = field(default=None, metadata={"json": "terminationGracePeriodSeconds"})
    #: Who gets the stop signal. Default: Mixed for an argv, Tree for a shell string.
    kill_mode: Optional[KillMode] = field(default=None, metadata={"json": "killMode"})
    #: What happens at the edges of a life.
    lifecycle: Optional[Lifecycle] = field(default=None, metadata={"json": "lifecycle"})
    #: Cron schedule: 5 fields, 6 with seconds first, @hourly and the like, or @every 90s.
    schedule: Optional[str] = field(default=None, metadata={"json": "schedule"})
    #: IANA zone of the schedule, for example Europe/Brussels. Default: the local one.
    time_zone: Optional[str] = field(default=None, metadata={"json": "timeZone"})
    #: Also run it once when the schedule is first armed.
    run_on_start: Optional[bool] = field(default=None, metadata={"json": "runOnStart"})
    #: What happens at a scheduled time while the last run goes on. Default: Forbid.
    concurrency_policy: Optional[ConcurrencyPolicy] = field(default=None, metadata={"json": "concurrencyPolicy"})
    #: How late a scheduled time may still be run, after a pause of the machine; later it is
    #: missed. Absent: however late, once.
    starting_deadline_seconds: Optional[int] = field(default=None, metadata={"json": "startingDeadlineSeconds"})
    #: Delay every scheduled time by a part of this span that is fixed for the name and the
    #: host, so that many Pods do not run at once.
    jitter: Optional[Duration] = field(default=None, metadata={"json": "jitter"})
    #: Finished successful runs that are kept in the history. Default: 3.
    successful_jobs_history_limit: Optional[int] = field(default=None, metadata={"json": "successfulJobsHistoryLimit"})
    #: Finished failed runs that are kept in the history. Default: 1.
    failed_jobs_history_limit: Optional[int] = field(default=None, metadata={"json": "failedJobsHistoryLimit"})
    #: As whom, and with which rights, it runs.
    security_context: Optional[SecurityContext] = field(default=None, metadata={"json": "securityContext"})
    #: Limits and requests, enforced by a delegated cgroup v2 where there is one; elsewhere
    #: memory is watched.
    resources: Optional[Resources] = field(default=None, metadata={"json": "resources"})
    #: Resource limits of setrlimit(2) by their lower-case names: nofile, core, nproc and so on.
    #: A number sets both, or an object {soft, hard}; "unlimited" is a value.
    rlimits: Optional[Dict[str, Rlimit]] = field(default=None, metadata={"json": "rlimits"})
    #: Scheduling priority; below the manager's own needs CAP_SYS_NICE.
    nice: Optional[int] = field(default=None, metadata={"json": "nice"})
    #: Priority of its disk I/O, as ionice(1) sets it; RealTime needs CAP_SYS_NICE or
    #: CAP_SYS_ADMIN. Of use where the disk's scheduler looks at it, which bfq and mq-deadline
    #: do.
    io_priority: Optional[IOPriority] = field(default=None, metadata={"json": "ioPriority"})
    #: How willingly the kernel kills it when memory runs out; below the manager's own needs
    #: CAP_SYS_RESOURCE.
    oom_score_adj: Optional[int] = field(default=None, metadata={"json": "oomScoreAdj"})
    #: Permissions that new files do not get, in octal: "022".
    umask: Optional[Umask] = field(default=None, metadata={"json": "umask"})
    #: What is measured of it beside what costs next to nothing.
    metrics: Optional[Metrics] = field(default=None, metadata={"json": "metrics"})
    #: true, or an object: what is done with the output beside the ring in memory and the
    #: container's stdout and stderr.
    log: Optional[Log] = field(default=None, metadata={"json": "log"})


@dataclass
class SubscribeResult:
    """SubscribeResult of the API."""

    #: Name of the subscription on this connection; each of its notifications carries it.
    subscription: str = field(metadata={"json": "subscription"})


@dataclass
class SystemInfo:
    """SystemInfo of the API."""

    #: Version of the program.
    version: str = field(metadata={"json": "version"})
    #: Its own process id.
    pid: int = field(metadata={"json": "pid"})
    #: It is PID 1; otherwise it is a subreaper.
    init: bool = field(metadata={"json": "init"})
    #: When it began.
    start_time: datetime = field(metadata={"json": "start_time"})
    #: Number of processes that it knows.
    processes: int = field(metadata={"json": "processes"})
    #: It is ending.
    shutting_down: bool = field(metadata={"json": "shutting_down"})
    #: How the members of a process tree are found: cgroup or proc.
    trees: str = field(metadata={"json": "trees"})
    #: Why it is so, in words.
    trees_why: str = field(metadata={"json": "trees_why"})
    #: Who enforces resources: cgroup or watch.
    limits: str = field(metadata={"json": "limits"})
    #: Why it is so, in words.
    limits_why: str = field(metadata={"json": "limits_why"})
    #: Controllers of the cgroup that limits are enforced with.
    controllers: List[str] = field(metadata={"json": "controllers"})
    #: What the whole container uses and may use; absent when it is not known.
    container: Optional[ContainerInfo] = field(default=None, metadata={"json": "container"})


@dataclass
class TCPSocketAction:
    """TCPSocketAction of the API."""

    #: Number, or a name out of ports.
    port: PortRef = field(metadata={"json": "port"})
    #: Where to connect to. Default: 127.0.0.1.
    host: Optional[str] = field(default=None, metadata={"json": "host"})


@dataclass
class TreeProcess:
    """TreeProcess of the API."""

    #: The process that it belongs to: of replicas and of runs, which.
    process: str = field(metadata={"json": "process"})
    #: Process id.
    pid: int = field(metadata={"json": "pid"})
    #: Process id of its parent.
    ppid: int = field(metadata={"json": "ppid"})
    #: Number of its ancestors in the tree; 0: the leader, or one that lost its parent.
    depth: int = field(metadata={"json": "depth"})
    #: Name of its program, as the kernel has it.
    name: str = field(metadata={"json": "name"})
    #: Its arguments, quoted and joined. To a viewer the first one only: arguments may hold
    #: secrets. Empty when there are none, or they cannot be read.
    command: str = field(metadata={"json": "command"})
    #: State, as the kernel sees it.
    state: ProcessState = field(metadata={"json": "state"})
    #: Effective user id; null when it cannot be read.
    uid: Optional[int] = field(metadata={"json": "uid"})
    #: CPU use in percent of one core between the last two samples, with that of children it has
    #: waited for.
    cpu_percent: float = field(metadata={"json": "cpu_percent"})
    #: CPU time since it began, with that of children it has waited for, in seconds.
    cpu_seconds: float = field(metadata={"json": "cpu_seconds"})
    #: Resident memory in MiB; pages that it shares with others count.
    memory_mb: float = field(metadata={"json": "memory_mb"})
    #: Number of threads.
    threads: int = field(metadata={"json": "threads"})
    #: Number of open file descriptors; null when that is not permitted.
    open_fds: Optional[int] = field(metadata={"json": "open_fds"})
    #: Bytes read from storage, with those of children it has waited for; null when that is not
    #: permitted.
    read_bytes: Optional[int] = field(metadata={"json": "read_bytes"})
    #: Bytes written to storage, likewise.
    write_bytes: Optional[int] = field(metadata={"json": "write_bytes"})
    #: When it began.
    start_time: datetime = field(metadata={"json": "start_time"})
    #: The exec probe or hook that it belongs to, or exec: a command that somebody has run in
    #: its context; absent: the process itself.
    task: Optional[str] = field(default=None, metadata={"json": "task"})


class ParseError(ManagerError):
    """the message is not JSON in UTF-8 (-32700)."""

    code = -32700
    reason = "ParseError"


class InternalError(ManagerError):
    """the manager failed to answer (-32603)."""

    code = -32603
    reason = "InternalError"


class InvalidParamsError(ManagerError):
    """a parameter is unknown, missing or of the wrong type (-32602)."""

    code = -32602
    reason = "InvalidParams"


class MethodNotFoundError(ManagerError):
    """there is no such method (-32601)."""

    code = -32601
    reason = "MethodNotFound"


class InvalidRequestError(ManagerError):
    """the message is not a JSON-RPC 2.0 request (-32600)."""

    code = -32600
    reason = "InvalidRequest"


class NotFoundError(ManagerError):
    """no such process (-32001)."""

    code = -32001
    reason = "NotFound"


class ExistsError(ManagerError):
    """process already exists (-32002)."""

    code = -32002
    reason = "Exists"


class InvalidError(ManagerError):
    """invalid request (-32003)."""

    code = -32003
    reason = "Invalid"


class NotRunningError(ManagerError):
    """process is not running (-32004)."""

    code = -32004
    reason = "NotRunning"


class StartError(ManagerError):
    """process could not be started (-32005)."""

    code = -32005
    reason = "Start"


class StopTimeoutError(ManagerError):
    """not done in time (-32006)."""

    code = -32006
    reason = "StopTimeout"


class ClosedError(ManagerError):
    """process manager is shutting down (-32007)."""

    code = -32007
    reason = "Closed"


class ForbiddenError(ManagerError):
    """not permitted (-32008)."""

    code = -32008
    reason = "Forbidden"


class NeedsWebSocketError(ManagerError):
    """the method works over WebSocket only (-32010)."""

    code = -32010
    reason = "NeedsWebSocket"


ERRORS: Dict[int, Type[ManagerError]] = {
    -32700: ParseError,
    -32603: InternalError,
    -32602: InvalidParamsError,
    -32601: MethodNotFoundError,
    -32600: InvalidRequestError,
    -32001: NotFoundError,
    -32002: ExistsError,
    -32003: InvalidError,
    -32004: NotRunningError,
    -32005: StartError,
    -32006: StopTimeoutError,
    -32007: ClosedError,
    -32008: ForbiddenError,
    -32010: NeedsWebSocketError,
}


@dataclass
class EventNotice:
    """What events_subscribe delivers: an event, or a gap."""

    event: Optional[Event] = None
    #: Not None: the subscription was interrupted, see Gap.
    gap: Optional[Gap] = None


@dataclass
class LineNotice:
    """What logs_subscribe delivers: a line, or a gap."""

    line: Optional[LogLine] = None
    #: Bytes right before this line that were overwritten before they could be sent.
    lost: int = 0
    #: Not None: the subscription was interrupted, see Gap.
    gap: Optional[Gap] = None


class Methods:
    """The methods of the API. Client has the way to the manager."""

    def call(self, method: str, params: Any = None, *, result: Any = Any, call_timeout: Optional[float] = None) -> Any:
        raise NotImplementedError

    def _subscribe(self, method: str, feed: Any, call_timeout: Optional[float]) -> Any:
        raise NotImplementedError

    def start(self, name: str, *, command: Optional[str] = None, log: Optional[bool] = None, deadline: Optional[int] = None, cron: Optional[str] = None, jobid: Optional[str] = None, spec: Optional[Union[Spec, Dict[str, Any]]] = None, wait: Optional[bool] = None, call_timeout: Optional[float] = None) -> ProcessInfo:
        """Calls process.start. Makes a new process that is not in the manifest and starts it,
        or, without a command, starts an existing idle one again. It returns when the first life
        runs, or when the schedule is armed or a dependency is waited for. Such a process never
        restarts by itself.
        """
        params = {
            "name": name,
            "command": command,
            "log": log,
            "deadline": deadline,
            "cron": cron,
            "jobid": jobid,
            "spec": spec,
            "wait": wait,
        }
        return self.call("process.start", params, result=ProcessInfo, call_timeout=call_timeout)

    def stop(self, name: str, *, wait: Optional[bool] = None, call_timeout: Optional[float] = None) -> ProcessInfo:
        """Calls process.stop. Ends the process and disarms its schedule and its restarts. It
        returns when nothing of its tree is left.
        """
        params = {
            "name": name,
            "wait": wait,
        }
        return self.call("process.stop", params, result=ProcessInfo, call_timeout=call_timeout)

    def restart(self, name: str, *, wait: Optional[bool] = None, call_timeout: Optional[float] = None) -> ProcessInfo:
        """Calls process.restart. Ends the current life and starts a new one; what is idle is
        started. It returns when the new life runs.
        """
        params = {
            "name": name,
            "wait": wait,
        }
        return self.call("process.restart", params, result=ProcessInfo, call_timeout=call_timeout)

    def delete(self, name: str, *, wait: Optional[bool] = None, call_timeout: Optional[float] = None) -> None:
        """Calls process.delete. Stops the process and forgets it."""
        params = {
            "name": name,
            "wait": wait,
        }
        self.call("process.delete", params, call_timeout=call_timeout)

    def signal(self, name: str, signal: Union[str, int], *, call_timeout: Optional[float] = None) -> ProcessInfo:
        """Calls process.signal. Sends a signal to the leader of a process, and to nothing else.
        What the process does then is its own affair: a signal that ends it is an exit like any
        other, and its restartPolicy decides.
        """
        params = {
            "name": name,
            "signal": signal,
        }
        return self.call("process.signal", params, result=ProcessInfo, call_timeout=call_timeout)

    def trigger(self, name: str, *, wait: Optional[bool] = None, call_timeout: Optional[float] = None) -> ProcessInfo:
        """Calls process.trigger. Begins a run now, beside the schedule where there is one.
        Under concurrencyPolicy Allow it is one more run, which the result is about, else
        nothing may be going on. It returns when the life runs.
        """
        params = {
            "name": name,
            "wait": wait,
        }
        return self.call("process.trigger", params, result=ProcessInfo, call_timeout=call_timeout)

    def probe(self, name: str, *, probe: Optional[ProbeKind] = None, call_timeout: Optional[float] = None) -> List[ProbeResult]:
        """Calls process.probe. Makes one attempt of a probe of the process, or of each that it
        has, beside those that are made anyway; of a name with replicas or runs, of theirs.
        Nothing but the answer comes of it: it counts neither for thresholds and readiness nor
        in metrics. It is for operators, because an exec probe runs a command. It lasts at most
        as long as the probe's timeoutSeconds.
        """
        params = {
            "name": name,
            "probe": probe,
        }
        return self.call("process.probe", params, result=List[ProbeResult], call_timeout=call_timeout)

    def exec(self, name: str, command: Command, *, timeout: Optional[Duration] = None, call_timeout: Optional[float] = None) -> ExecResult:
        """Calls process.exec. Runs a command once as an exec probe of the process is run: with
        its environment, directory, user, groups, umask and limits, without a stdin and without
        a terminal. Of a process that runs the context is that of its life, with which the
        command ends; of one that does not it is the one that its next life would get. It
        returns when nothing of the command is left; an exit code other than 0 is a result, not
        an error. When the caller goes, the command runs on to its end or its timeout.
        """
        params = {
            "name": name,
            "command": command,
            "timeout": timeout,
        }
        return self.call("process.exec", params, result=ExecResult, call_timeout=call_timeout)

    def status(self, name: str, *, call_timeout: Optional[float] = None) -> ProcessInfo:
        """Calls process.status. Describes one process at this moment."""
        params = {
            "name": name,
        }
        return self.call("process.status", params, result=ProcessInfo, call_timeout=call_timeout)

    def list(self, *, labels: Optional[Dict[str, str]] = None, status: Optional[List[Status]] = None, call_timeout: Optional[float] = None) -> List[ProcessInfo]:
        """Calls process.list. Describes all processes, or those selected, sorted by name."""
        params = {
            "labels": labels,
            "status": status,
        }
        return self.call("process.list", params, result=List[ProcessInfo], call_timeout=call_timeout)

    def logs(self, name: str, *, lines: Optional[int] = None, stream: Optional[Stream] = None, previous: Optional[bool] = None, since: Optional[datetime] = None, call_timeout: Optional[float] = None) -> List[LogLine]:
        """Calls process.logs. Returns the newest captured lines, oldest first. To previous the
        answer is NotFound when there was no life before.
        """
        params = {
            "name": name,
            "lines": lines,
            "stream": stream,
            "previous": previous,
            "since": since,
        }
        return self.call("process.logs", params, result=List[LogLine], call_timeout=call_timeout)

    def history(self, name: str, *, call_timeout: Optional[float] = None) -> List[LifeRecord]:
        """Calls process.history. Returns the lives that have ended: of a scheduled process as
        many as its history limits say, of others the last ten.
        """
        params = {
            "name": name,
        }
        return self.call("process.history", params, result=List[LifeRecord], call_timeout=call_timeout)

    def tree(self, name: str, *, call_timeout: Optional[float] = None) -> List[TreeProcess]:
        """Calls process.tree. Lists the living processes of a process's tree, each before its
        children; of a name with replicas or runs, theirs one after the other. The numbers are
        of the last sample, at most a second old. A viewer sees no arguments.
        """
        params = {
            "name": name,
        }
        return self.call("process.tree", params, result=List[TreeProcess], call_timeout=call_timeout)

    def wait(self, name: str, condition: WaitCondition, *, timeout: Optional[Duration] = None, call_timeout: Optional[float] = None) -> ProcessInfo:
        """Calls process.wait. Returns when the condition is true. It lasts as long as the
        caller wants: it ends when the time is up (StopTimeout), when the connection does, when
        the condition cannot become true by itself any more (NotRunning), and with the manager
        (Closed).
        """
        params = {
            "name": name,
            "condition": condition,
            "timeout": timeout,
        }
        return self.call("process.wait", params, result=ProcessInfo, call_timeout=call_timeout)

    def manifest_get(self, *, call_timeout: Optional[float] = None) -> ManifestInfo:
        """Calls manifest.get. Describes the manifest in force, with all defaults. Values out of
        mounted secrets are not part of it.
        """
        return self.call("manifest.get", None, result=ManifestInfo, call_timeout=call_timeout)

    def manifest_diff(self, *, manifest: Optional[str] = None, call_timeout: Optional[float] = None) -> List[Change]:
        """Calls manifest.diff. Tells what manifest.apply would do with the text, without doing
        it.
        """
        params = {
            "manifest": manifest,
        }
        return self.call("manifest.diff", params, result=List[Change], call_timeout=call_timeout)

    def manifest_apply(self, *, manifest: Optional[str] = None, call_timeout: Optional[float] = None) -> List[Change]:
        """Calls manifest.apply. Makes the text the manifest in force, until the file changes or
        the manager ends. It returns when the changes have been begun: what must end first may
        still be ending. On an error nothing is changed.
        """
        params = {
            "manifest": manifest,
        }
        return self.call("manifest.apply", params, result=List[Change], call_timeout=call_timeout)

    def system_info(self, *, call_timeout: Optional[float] = None) -> SystemInfo:
        """Calls system.info. Describes the manager itself."""
        return self.call("system.info", None, result=SystemInfo, call_timeout=call_timeout)

    def system_shutdown(self, *, call_timeout: Optional[float] = None) -> None:
        """Calls system.shutdown. Begins the ordered end of all processes and of the manager,
        with exit code 0, and returns.
        """
        self.call("system.shutdown", None, call_timeout=call_timeout)

    def events_subscribe(self, *, name: Optional[str] = None, labels: Optional[Dict[str, str]] = None, call_timeout: Optional[float] = None) -> Subscription[EventNotice]:
        """Calls events.subscribe. From now on what happens comes as notifications events.event.
        A listener that is 1024 events behind is ended.
        """
        params = {
            "name": name,
            "labels": labels,
        }
        return self._subscribe("events.subscribe", EventFeed(params, EventNotice), call_timeout)

    def logs_subscribe(self, name: str, *, lines: Optional[int] = None, stream: Optional[Stream] = None, previous: Optional[bool] = None, since: Optional[datetime] = None, call_timeout: Optional[float] = None) -> Subscription[LineNotice]:
        """Calls logs.subscribe. The newest captured lines and all that follow come as
        notifications logs.line, until the process is deleted.
        """
        params = {
            "name": name,
            "lines": lines,
            "stream": stream,
            "previous": previous,
            "since": since,
        }
        return self._subscribe("logs.subscribe", LineFeed(params, LineNotice), call_timeout)

    def discover(self, *, call_timeout: Optional[float] = None) -> Dict[str, Any]:
        """Calls rpc.discover. Returns this document."""
        return self.call("rpc.discover", None, result=Dict[str, Any], call_timeout=call_timeout)

