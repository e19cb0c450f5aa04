// Code generated from openrpc.json by rpc/gen. DO NOT EDIT.

/**
 * Client of a Process Manager: JSON-RPC 2.0 with fetch, subscriptions over WebSocket.
 * It needs nothing but these two, and works in browsers and in Node 20 or later (Node 20
 * has WebSocket behind --experimental-websocket).
 *
 * @example
 * const pm = new Client({ url: "http://127.0.0.1:8080", secret: "…" });
 * await pm.start({ name: "hello", command: "echo hello" });
 * for await (const notice of await pm.logsSubscribe({ name: "hello" })) {
 *   if ("line" in notice) console.log(notice.line.msg);
 * }
 *
 * @packageDocumentation
 */

export interface AuthenticateResult {
  /** operator may change, viewer may look. */
  role: string;
}

export interface Backoff {
  /** First delay. Default: 1s. */
  initial?: Duration;
  /** Growth per restart, at least 1. Default: 2. */
  factor?: number | null;
  /** Greatest delay. Default: 60s. */
  max?: Duration;
  /** Random part added, as a fraction from 0 to 1. Default: 0.1. */
  jitter?: number | null;
  /**
   * A life this long is healthy: the next restart is immediate and the count begins anew. Default:
   * 60s.
   */
  resetAfter?: Duration;
}

export interface Capabilities {
  /** Capabilities that it has beside the manager's bounds, such as NET_BIND_SERVICE, or ALL. */
  add?: string[];
  /** Capabilities that it cannot have, such as NET_RAW, or ALL. */
  drop?: string[];
}

export interface Change {
  /** The process; empty for a setting of the whole manifest. */
  name: string;
  /** What becomes of it. */
  action: ChangeKind;
  /** Paths of what differs, for example env[2].value. Values are not shown. */
  fields?: string[];
  /** What is to be known about it, in words. */
  note?: string;
}

export type ChangeKind = "added" | "removed" | "updated" | "restarted";

/** A list is an argv and is executed; a string is run by /bin/sh -c. */
export type Command = string[] | string;

export type ConcurrencyPolicy = "Forbid" | "Allow" | "Replace";

export type Condition = "Started" | "Ready" | "Completed";

export interface ContainerInfo {
  /** Memory in use in MiB, without inactive page cache. */
  memory_mb?: number;
  /**
   * Whose memory_mb is: cgroup, the container's; host, the whole machine's, because no cgroup
   * counts it.
   */
  memory_by?: string;
  /** Memory that there is in MiB. */
  memory_limit_mb?: number;
  /**
   * Whose memory_limit_mb is: cgroup, the container's limit; host, the whole machine's, because the
   * container has no limit below.
   */
  memory_limit_by?: string;
  /** CPU time of the container in seconds, since its cgroup was made; it never goes back. */
  cpu_seconds?: number;
  /**
   * Cores that may be used: those of the manager's affinity, or the quota of the cgroup if that is
   * less.
   */
  cpus?: number;
  /** Living processes and their threads in the container. */
  tasks?: number;
  /** How many of them there may be; absent: no limit. */
  tasks_limit?: number;
}

export interface Dependency {
  /** The other process. */
  name: string;
  /** What must have happened to it. Default: Started. */
  condition?: Condition;
  /** How long to wait; then this process has failed with DependencyFailed. Absent: for ever. */
  timeout?: Duration;
}

/** A duration with its unit, for example 300ms, 30s, 1m30s. */
export type Duration = string;

export type EndReason = "deleted" | "slow" | "shutdown" | "error";

export interface EnvFrom {
  /** Put in front of each key. */
  prefix?: string;
  /** Directory where a ConfigMap is mounted: each file is a variable, but hidden ones. */
  configMapRef?: PathRef;
  /** Directory where a Secret is mounted: each file is a variable, but hidden ones. */
  secretRef?: PathRef;
  /** A dotenv file: NAME=value on each line. */
  fileRef?: PathRef;
}

export interface EnvSource {
  /** A field of the process itself. */
  fieldRef?: FieldRef;
  /** One key of a dotenv file, or one file of a mounted ConfigMap or Secret. */
  fileKeyRef?: FileKeyRef;
}

export interface EnvVar {
  /** Name of the variable. */
  name: string;
  /** Its value; $(NAME) expands, $$(NAME) does not. */
  value?: string;
  /** Where the value comes from; not together with value. */
  valueFrom?: EnvSource;
}

export interface ProcessEvent {
  /** Number of the event; they have no gaps unless events were filtered out. */
  seq: number;
  /** When it happened. */
  ts: string;
  /** What happened. */
  type: EventType;
  /** The process; absent when it is about the manager. */
  name?: string;
  /** Number of the life. */
  run?: number;
  /** Status after it. */
  status?: Status;
  /** Whether it is ready after it. */
  ready: boolean;
  /** Process id of the leader, while one lives. */
  pid?: number | null;
  /** Why a life, or the run, has ended. */
  reason?: Reason;
  /** Exit code of the life that has ended by exiting. */
  exit_code?: number | null;
  /** Signal that has ended the life. */
  signal?: string | null;
  /** Next scheduled time. */
  next_run?: string | null;
  /** More, in words. */
  message?: string;
}

export type EventType = "status" | "ready" | "ended" | "deleted" | "manifest" | "shutdown";

export interface ExecAction {
  /** A list is an argv, after $(NAME) expansion; a string is run by /bin/sh -c. */
  command: Command;
}

export interface ExecResult {
  /** The process in whose context it ran. */
  process: string;
  /**
   * Number of the life in which it ran; 0: the process did not run, and the context was that of its
   * definition.
   */
  run: number;
  /** Exit code; null when a signal ended it. */
  exit_code: number | null;
  /** Signal that ended it; null when there is none. */
  signal: string | null;
  /**
   * Why it ended: Completed, Error, Signaled, OOMKilled, or DeadlineExceeded when its time was up.
   */
  reason: Reason;
  /** Why the manager has killed it; absent when it did not. */
  error?: string;
  /** What it wrote to stdout, as base64: the first MiB of it. */
  stdout: string;
  /** What it wrote to stderr, likewise. */
  stderr: string;
  /** It wrote more to stdout than was kept. */
  stdout_truncated: boolean;
  /** It wrote more to stderr than was kept. */
  stderr_truncated: boolean;
  /** How long it took. */
  seconds: number;
}

export type ExitPolicy = "WhenDone" | "Never";

export interface FieldRef {
  /** metadata.name, or metadata.labels['KEY']. */
  fieldPath: string;
}

export interface FileKeyRef {
  /** A dotenv file, or a directory with a file for each key. */
  path: string;
  /** The key. */
  key: string;
  /**
   * Without the file or the key the variable is not set. Otherwise it is a StartError, and the
   * start is tried again.
   */
  optional?: boolean;
}

export interface GRPCAction {
  /** Number. */
  port: number;
  /** Service to ask for. Default: the server as a whole. */
  service?: string;
}

export interface HTTPGetAction {
  /** Path and query. Default: /. */
  path?: string;
  /** Number, or a name out of ports. */
  port: PortRef;
  /** Where to connect to. Default: 127.0.0.1. */
  host?: string;
  /** HTTP or HTTPS. Default: HTTP. */
  scheme?: URIScheme;
  /** Headers of the request; Host overrides the one of the address. */
  httpHeaders?: HTTPHeader[];
}

export interface HTTPHeader {
  /** Name. */
  name: string;
  /** Value. */
  value?: string;
}

/** A user or a group, by number or by name. */
export type ID = number | string;

export interface IOPriority {
  /**
   * RealTime: before everybody else. BestEffort: in turn with the others. Idle: only when nobody
   * else wants the disk.
   */
  class: string;
  /** Place within the class: 0 comes first, 7 last. Idle has none. Default: 4. */
  level?: number | null;
}

export type KillMode = "Mixed" | "Tree" | "Group" | "Process";

export interface LifeRecord {
  /** The process; of a run under concurrencyPolicy Allow NAME.RUN. */
  name: string;
  /** Number of the life. */
  run: number;
  /** When it began; null when it could not be started. */
  start_time: string | null;
  /** When nothing of it was left. */
  end_time: string;
  /** Exit code; null when a signal ended it or it could not be started. */
  exit_code: number | null;
  /** Signal that ended it; null when there is none. */
  signal: string | null;
  /** Why it ended. */
  reason: Reason;
  /** Why it could not be started, or what was wrong when the manager ended it. */
  error?: string;
  /** Its last lines, at most ten. */
  log: LogLine[];
}

export interface Lifecycle {
  /**
   * Done right after the start; the process is starting until it has ended. When it fails the
   * process is ended with PostStartHookError.
   */
  postStart?: LifecycleHandler;
  /**
   * Done before the stop signal, inside the grace period; the signal is left two seconds. Not after
   * an exit of its own.
   */
  preStop?: LifecycleHandler;
  /**
   * Done after every end of a life, with PM_EXIT_CODE, PM_EXIT_SIGNAL and PM_EXIT_REASON in the
   * environment; bounded by the grace period.
   */
  postStop?: LifecycleHandler;
  /** Signal that asks the process to end. Default: SIGTERM. */
  stopSignal?: string;
}

export interface LifecycleHandler {
  /** A command, run as the process is; exit code 0 is success. */
  exec?: ExecAction;
  /** An HTTP request; 200 to 399 is success. */
  httpGet?: HTTPGetAction;
  /** A pause. */
  sleep?: SleepAction;
}

/** What is done with the output beside the ring in memory; true is {file: true}. */
export type Log = boolean | { file?: boolean; format?: LogFormat; maxSize?: Quantity; rotateEvery?: Duration; maxFiles?: number | null; maxAge?: Duration; compress?: boolean; timestamps?: boolean | null; rateLimit?: Quantity };

export type LogFormat = "raw" | "text" | "json";

export interface LogLine {
  /** When the line was captured. */
  ts: string;
  /** Stream that it was written to. */
  stream: Stream;
  /** The life that wrote it. */
  run: number;
  /** The line without its end. */
  msg: string;
  /** The line was longer than the limit; it goes on in the next. */
  partial?: boolean;
}

export interface ManifestInfo {
  /** file, api, or none. */
  source: string;
  /** File or directory that is watched; empty when there is none. */
  path: string;
  /** Hash of the text in force. */
  revision: string;
  /** When it came into force; null without a manifest. */
  applied_time: string | null;
  /** What is wrong with the newest text, which is not in force then; empty when nothing is. */
  error: string;
  /** Seconds for the whole shutdown. */
  terminationGracePeriodSeconds: number;
  /** When the manager exits by itself. */
  exitPolicy: ExitPolicy;
  /**
   * The processes, in manifest order, with their defaults. Those made by callers are not among
   * them.
   */
  processes: Spec[];
}

export interface MemoryInfo {
  /** Limit in MiB. */
  limit_mb: number;
  /** cgroup: the kernel enforces it; watch: the manager samples and restarts. */
  by: string;
}

export interface Metrics {
  /**
   * Also measure its proportional set size, in which pages that processes share are divided among
   * them. It takes about a millisecond for 100 MiB, and is absent where /proc/PID/smaps_rollup may
   * not be read.
   */
  proportionalMemory?: boolean;
  /**
   * Also measure the working set of its cgroup, as the kubelet does for a container. It is absent
   * without a delegated cgroup v2 that has the memory controller, which it gets with a memory limit
   * or request.
   */
  workingSet?: boolean;
}

export type OnDependencyRestart = "Ignore" | "Restart" | "Stop";

export interface PathRef {
  /** Absolute path. */
  path: string;
  /** It may be missing. Otherwise that is a StartError, and the start is tried again. */
  optional?: boolean;
}

export interface Port {
  /** Name: lower case letters, digits and '-', at most 15. */
  name?: string;
  /** Number. */
  containerPort: number;
}

/** A port, by number or by name. */
export type PortRef = number | string;

export interface Probe {
  /** A command, run as the process is; exit code 0 is success. */
  exec?: ExecAction;
  /** An HTTP request; 200 to 399 is success. */
  httpGet?: HTTPGetAction;
  /** A connection; that it opens is success. */
  tcpSocket?: TCPSocketAction;
  /** The standard gRPC health check; SERVING is success. */
  grpc?: GRPCAction;
  /** Seconds from the start of the life to the first attempt. */
  initialDelaySeconds?: number;
  /** Seconds an attempt may last. Default, also for 0: 1. */
  timeoutSeconds?: number | null;
  /** Seconds between attempts. Default, also for 0: 10. */
  periodSeconds?: number | null;
  /**
   * Successes in a row that mean success. Default, also for 0: 1; for startup and liveness it must
   * be 1.
   */
  successThreshold?: number | null;
  /** Failures in a row that mean failure. Default, also for 0: 3. */
  failureThreshold?: number | null;
  /** Grace period when this probe ends the process; not for readiness. Default: the process's. */
  terminationGracePeriodSeconds?: number | null;
}

export interface ProbeInfo {
  /** startup, liveness, readiness, or signal for a readiness signal. */
  probe: string;
  /** Its verdict, after the thresholds. */
  ok: boolean;
  /** Failures in a row. */
  failures: number;
  /** Why the last attempt failed; empty when it did not. */
  message?: string;
  /** When the last attempt ended; absent before the first. */
  time?: string | null;
  /** Successes in a row. */
  successes: number;
}

export type ProbeKind = "startup" | "liveness" | "readiness";

export interface ProbeResult {
  /** The process that was probed: of replicas and of runs, which. */
  process: string;
  /** Number of its life. */
  run: number;
  /** The probe that was made. */
  probe: ProbeKind;
  /**
   * Whether the attempt succeeded. It counts for nothing: neither for thresholds and readiness, nor
   * in metrics.
   */
  success: boolean;
  /** Why it failed; absent when it did not. */
  message?: string;
  /** How long the attempt took. */
  seconds: number;
  /** When it ended. */
  time: string;
}

export interface ProcessInfo {
  /** Unique name. */
  name: string;
  /** What is run, as one string; an argv is quoted and joined. */
  command: string;
  /** Process id of the leader; null when none runs. */
  pid: number | null;
  /** State of the process. */
  status: Status;
  /** It runs, and it is ready where it has a readiness signal. */
  ready: boolean;
  /**
   * CPU use in percent of one core, of the whole process tree, between the last two samples, which
   * are 1 to 5 s apart; 0 at the first.
   */
  cpu_percent: number;
  /** Resident memory of the whole process tree, in MiB. */
  memory_mb: number;
  /** When the current or last life began; null before the first. */
  start_time: string | null;
  /** A log file is kept. */
  log_enabled: boolean;
  /** Schedule; empty when there is none. */
  cron: string;
  /** Free text given at the start. */
  job_id: string;
  /** Seconds that a run may last; 0: no limit. */
  deadline: number;
  /** What is wrong, in words; empty when nothing is. */
  error: string;
  /** Number of automatic restarts. */
  restarts: number;
  /** Exit code of the last life that ended by exiting; null when there is none. */
  exit_code: number | null;
  /** Signal that ended the last life, for example SIGKILL; null when there is none. */
  signal: string | null;
  /** Why the last life ended; empty when none has. */
  reason: Reason;
  /** Next scheduled run; null when there is none. */
  next_run: string | null;
  /** Next automatic restart; null when there is none. */
  next_retry: string | null;
  /** Number of the current or last life; 0: none yet. */
  run: number;
  /** Labels of the process. */
  labels?: Record<string, string>;
  /** Unmet dependencies, each as "name (Condition)". */
  waits_for?: string[];
  /** Name in the manifest, of a replica and of a run under concurrencyPolicy Allow. */
  group?: string;
  /** When the last life that ended did; absent before the first end. */
  end_time?: string | null;
  /** What the process says of itself by sd_notify STATUS. */
  status_text?: string;
  /** State of its probes and its readiness signal in this life. */
  probes?: ProbeInfo[];
  /** Its memory limit, and who enforces it; absent without a limit. */
  memory?: MemoryInfo;
  /**
   * CPU time of all lives with their whole trees, ended descendants included, in seconds; it never
   * goes back.
   */
  cpu_seconds?: number;
  /** Number of living processes in its tree, itself included. */
  tree_size?: number;
  /** Number of threads in its tree. */
  threads?: number;
  /**
   * What the life that ended last wrote last, at most ten lines, when it has failed. Only in the
   * answers about one process, not in lists.
   */
  last_log?: LogLine[];
}

export type ProcessState = "running" | "sleeping" | "disk" | "stopped" | "traced" | "zombie" | "idle" | "other";

/** An amount as Kubernetes writes it, for example 500m, 128Mi. */
export type Quantity = string | number;

export interface Readiness {
  /**
   * By sd_notify(3): NOTIFY_SOCKET is set, READY=1 is awaited; STOPPING, RELOADING, STATUS and
   * WATCHDOG are understood.
   */
  notify?: boolean;
  /**
   * With notify: WATCHDOG=1 must come this often, or the process is ended with Unhealthy. The
   * process is told by WATCHDOG_USEC.
   */
  watchdogSeconds?: number | null;
  /** By a line written to this descriptor, as s6 has it. */
  fd?: number;
  /** By a line of its output that matches this regular expression (RE2). */
  logPattern?: string;
}

export type Reason = "" | "Completed" | "Error" | "Signaled" | "OOMKilled" | "MemoryLimit" | "DeadlineExceeded" | "StartError" | "StartTimeout" | "Unhealthy" | "PostStartHookError" | "DependencyFailed" | "BackoffLimitExceeded" | "StoppedByUser" | "Suspended" | "ConfigChanged" | "Shutdown" | "Replaced" | "DependencyRestarted";

export interface ResourceList {
  /** Processors: 500m is a half. A limit of 0 is none. */
  cpu?: Quantity;
  /** Bytes: 128Mi, 1G. A limit is at least 1Mi, or 0 for none. */
  memory?: Quantity;
  /** Processes and threads; as a limit only, 0 is none. */
  pids?: Quantity;
}

export interface Resources {
  /** What it may use, with its whole tree. */
  limits?: ResourceList;
  /**
   * What it is to have when others want it too: cpu becomes its weight, memory what is reclaimed
   * last. Default: the limits.
   */
  requests?: ResourceList;
}

export interface RestartOnCode {
  /** In: the exit code is one of the values. NotIn: it is none of them. */
  operator: string;
  /** Exit codes, each once; 128+n for an end by signal n. At least one, at most 255. */
  values: number[];
}

export type RestartPolicy = "Always" | "OnFailure" | "Never";

export interface RestartRule {
  /**
   * Restart: start it again, after the usual delay and within maxRestarts. FailJob: it has failed
   * for good, which a success never has.
   */
  action: string;
  /** The exit codes that the rule is about. */
  exitCodes: RestartOnCode;
}

/** A limit for both, or soft and hard apart; "unlimited" is none. */
export type Rlimit = number | string | { soft: number | string; hard: number | string };

export interface SecurityContext {
  /** User, by number or name. HOME, USER and LOGNAME follow, unless env sets them. */
  runAsUser?: ID;
  /** Primary group, by number or name. Default: the user's, else 0. */
  runAsGroup?: ID;
  /** Refuse to start it as user 0. */
  runAsNonRoot?: boolean | null;
  /**
   * Further groups, by number or name. With runAsUser, the user's groups of /etc/group come first.
   */
  supplementalGroups?: ID[];
  /** Capabilities that it has. */
  capabilities?: Capabilities;
  /** With false, no_new_privs is set: setuid programs give no rights. Default: true. */
  allowPrivilegeEscalation?: boolean | null;
}

export interface SleepAction {
  /** How long. */
  seconds: number;
}

export interface Spec {
  /** Unique name: letters, digits, '_', '.', '-', at most 63 bytes. */
  name?: string;
  /** Labels for selecting processes, with the grammar of Kubernetes. */
  labels?: Record<string, string>;
  /**
   * A list is an argv and is executed as it stands, after $(NAME) expansion; a string is run by
   * /bin/sh -c.
   */
  command: Command;
  /** Appended to the argv, or given to the shell string as $1, $2…. $(NAME) expands. */
  args?: string[];
  /** Directory to start in. Default: the manager's. */
  workingDir?: string;
  /** Environment, added to the manager's own and to envFrom; later entries win. */
  env?: EnvVar[];
  /**
   * Mounted ConfigMaps, Secrets and dotenv files whose keys become variables; later ones win, env
   * wins over all.
   */
  envFrom?: EnvFrom[];
  /**
   * Whether the manager's own environment is handed down. Default: true. With false PATH is that of
   * container images, unless something sets it.
   */
  inheritEnv?: boolean | null;
  /**
   * Give it the manager's stdin; one process of a manifest may have it. Without it reads end at
   * once.
   */
  stdin?: boolean;
  /**
   * Run it on a terminal of its own, so that it writes lines as to a person; stdout and stderr are
   * one stream then.
   */
  tty?: boolean;
  /**
   * Names for port numbers, which its probes and hooks may use. Nothing is opened or closed by
   * this.
   */
  ports?: Port[];
  /** When an ended process is started again. Default: Always; Never for scheduled ones. */
  restartPolicy?: RestartPolicy;
  /**
   * What exits with certain codes lead to, whatever restartPolicy says, which has to be given too.
   * The first rule that matches decides. At most 20.
   */
  restartPolicyRules?: RestartRule[];
  /** Delay between restarts. */
  restartBackoff?: Backoff;
  /** Consecutive restarts before giving up. Absent: no limit; 0: none. */
  maxRestarts?: number | null;
  /**
   * Exit codes beside 0 that count as success, 1 to 255. A process that a signal has ended has
   * none: 143 is its own exit code, not SIGTERM.
   */
  successExitCodes?: number[];
  /**
   * When this process has ended for good the container stops the rest in order and exits with its
   * code.
   */
  essential?: boolean;
  /** Do not start it (and do not run its schedule) until it is started by hand. */
  suspend?: boolean;
  /**
   * Run this many, as NAME-0, NAME-1 and so on, each with its index in PM_PROCESS_INDEX. Absent:
   * one, called NAME.
   */
  replicas?: number | null;
  /** What must have happened elsewhere before the first start. */
  dependsOn?: Dependency[];
  /**
   * What happens to this process when one that it depends on begins a new life. Default: Ignore.
   */
  onDependencyRestart?: OnDependencyRestart;
  /** How the process itself says that it is ready. With a readinessProbe both must agree. */
  readiness?: Readiness;
  /**
   * Until it succeeds the process is starting and the other probes wait; when it fails for good the
   * process is ended with StartTimeout.
   */
  startupProbe?: Probe;
  /** When it fails the process is ended with Unhealthy and its restartPolicy decides. */
  livenessProbe?: Probe;
  /** While it fails the process is not ready. It never ends a process. */
  readinessProbe?: Probe;
  /**
   * Seconds a run may last, from its first life over automatic restarts; then it has failed for
   * good.
   */
  activeDeadlineSeconds?: number | null;
  /** Seconds for preStop and from the stop signal to SIGKILL. Default: 30. */
  terminationGracePeriodSeconds?: number | null;
  /** Who gets the stop signal. Default: Mixed for an argv, Tree for a shell string. */
  killMode?: KillMode;
  /** What happens at the edges of a life. */
  lifecycle?: Lifecycle;
  /** Cron schedule: 5 fields, 6 with seconds first, @hourly and the like, or @every 90s. */
  schedule?: string;
  /** IANA zone of the schedule, for example Europe/Brussels. Default: the local one. */
  timeZone?: string;
  /** Also run it once when the schedule is first armed. */
  runOnStart?: boolean;
  /** What happens at a scheduled time while the last run goes on. Default: Forbid. */
  concurrencyPolicy?: ConcurrencyPolicy;
  /**
   * How late a scheduled time may still be run, after a pause of the machine; later it is missed.
   * Absent: however late, once.
   */
  startingDeadlineSeconds?: number | null;
  /**
   * Delay every scheduled time by a part of this span that is fixed for the name and the host, so
   * that many Pods do not run at once.
   */
  jitter?: Duration;
  /** Finished successful runs that are kept in the history. Default: 3. */
  successfulJobsHistoryLimit?: number | null;
  /** Finished failed runs that are kept in the history. Default: 1. */
  failedJobsHistoryLimit?: number | null;
  /** As whom, and with which rights, it runs. */
  securityContext?: SecurityContext;
  /**
   * Limits and requests, enforced by a delegated cgroup v2 where there is one; elsewhere memory is
   * watched.
   */
  resources?: Resources;
  /**
   * Resource limits of setrlimit(2) by their lower-case names: nofile, core, nproc and so on. A
   * number sets both, or an object {soft, hard}; "unlimited" is a value.
   */
  rlimits?: Record<string, Rlimit>;
  /** Scheduling priority; below the manager's own needs CAP_SYS_NICE. */
  nice?: number | null;
  /**
   * Priority of its disk I/O, as ionice(1) sets it; RealTime needs CAP_SYS_NICE or CAP_SYS_ADMIN.
   * Of use where the disk's scheduler looks at it, which bfq and mq-deadline do.
   */
  ioPriority?: IOPriority;
  /**
   * How willingly the kernel kills it when memory runs out; below the manager's own needs
   * CAP_SYS_RESOURCE.
   */
  oomScoreAdj?: number | null;
  /** Permissions that new files do not get, in octal: "022". */
  umask?: Umask;
  /** What is measured of it beside what costs next to nothing. */
  metrics?: Metrics;
  /**
   * true, or an object: what is done with the output beside the ring in memory and the container's
   * stdout and stderr.
   */
  log?: Log;
}

export type Status = "pending" | "starting" | "running" | "stopping" | "backoff" | "scheduled" | "stopped" | "completed" | "failed" | "stuck";

export type Stream = "stdout" | "stderr";

export interface SubscribeResult {
  /** Name of the subscription on this connection; each of its notifications carries it. */
  subscription: string;
}

export interface SystemInfo {
  /** Version of the program. */
  version: string;
  /** Its own process id. */
  pid: number;
  /** It is PID 1; otherwise it is a subreaper. */
  init: boolean;
  /** When it began. */
  start_time: string;
  /** Number of processes that it knows. */
  processes: number;
  /** It is ending. */
  shutting_down: boolean;
  /** How the members of a process tree are found: cgroup or proc. */
  trees: string;
  /** Why it is so, in words. */
  trees_why: string;
  /** Who enforces resources: cgroup or watch. */
  limits: string;
  /** Why it is so, in words. */
  limits_why: string;
  /** Controllers of the cgroup that limits are enforced with. */
  controllers: string[];
  /** What the whole container uses and may use; absent when it is not known. */
  container?: ContainerInfo;
}

export interface TCPSocketAction {
  /** Number, or a name out of ports. */
  port: PortRef;
  /** Where to connect to. Default: 127.0.0.1. */
  host?: string;
}

export interface TreeProcess {
  /** The process that it belongs to: of replicas and of runs, which. */
  process: string;
  /** Process id. */
  pid: number;
  /** Process id of its parent. */
  ppid: number;
  /** Number of its ancestors in the tree; 0: the leader, or one that lost its parent. */
  depth: number;
  /**
   * The exec probe or hook that it belongs to, or exec: a command that somebody has run in its
   * context; absent: the process itself.
   */
  task?: string;
  /** Name of its program, as the kernel has it. */
  name: string;
  /**
   * Its arguments, quoted and joined. To a viewer the first one only: arguments may hold secrets.
   * Empty when there are none, or they cannot be read.
   */
  command: string;
  /** State, as the kernel sees it. */
  state: ProcessState;
  /** Effective user id; null when it cannot be read. */
  uid: number | null;
  /**
   * CPU use in percent of one core between the last two samples, with that of children it has
   * waited for.
   */
  cpu_percent: number;
  /** CPU time since it began, with that of children it has waited for, in seconds. */
  cpu_seconds: number;
  /** Resident memory in MiB; pages that it shares with others count. */
  memory_mb: number;
  /** Number of threads. */
  threads: number;
  /** Number of open file descriptors; null when that is not permitted. */
  open_fds: number | null;
  /**
   * Bytes read from storage, with those of children it has waited for; null when that is not
   * permitted.
   */
  read_bytes: number | null;
  /** Bytes written to storage, likewise. */
  write_bytes: number | null;
  /** When it began. */
  start_time: string;
}

export type URIScheme = "HTTP" | "HTTPS";

/** Octal digits, for example 0022. */
export type Umask = string;

export type WaitCondition = "running" | "ready" | "completed" | "ended" | "deleted";

/** Parameters of process.start. */
export interface StartParams {
  /** Unique name: letters, digits, '_', '.', '-', at most 63 bytes. */
  name: string;
  /** Shell text. Absent: start the existing idle process of that name again. */
  command?: string;
  /** Also write a file under the log directory. The lines in memory are always kept. */
  log?: boolean;
  /** Seconds that a run may last. 0: no limit. */
  deadline?: number;
  /**
   * Schedule: 5 fields, 6 with seconds first, @hourly and the like, or @every 90s. Absent: start
   * now, once.
   */
  cron?: string;
  /** Free text of the caller, given back as job_id. */
  jobid?: string;
  /**
   * The whole definition, as a manifest has it, in place of command, log, deadline and cron. Its
   * name may be left out; its restartPolicy is Never unless given.
   */
  spec?: Spec;
}

/** Parameters of process.signal. */
export interface SignalParams {
  /** Name of the process. */
  name: string;
  /** Signal by name, with or without SIG (SIGHUP, hup, SIGRTMIN+3), or by number, 1 to 64. */
  signal: string | number;
}

/** Parameters of process.probe. */
export interface ProbeParams {
  /** Name of the process. */
  name: string;
  /** The probe to make. Absent: each that the process has. */
  probe?: ProbeKind;
}

/** Parameters of process.exec. */
export interface ExecParams {
  /** Name of the process. */
  name: string;
  /**
   * A list is executed, its first word looked up in the process's PATH; a text is run by the shell.
   * Nothing expands in it.
   */
  command: Command;
  /** After this time it is killed with all that it started, for example 5s or 10m. Absent: 30s. */
  timeout?: Duration;
}

/** Parameters of process.list. */
export interface ListParams {
  /** Only processes with all of these labels. */
  labels?: Record<string, string>;
  /** Only processes in one of these states. */
  status?: Status[];
}

/** Parameters of process.logs. */
export interface LogsParams {
  /** Name of the process. */
  name: string;
  /** How many of the newest lines are wanted. Absent or 0: 100. */
  lines?: number;
  /** Only this stream. Absent: both, in the order written. */
  stream?: Stream;
  /**
   * Only lines of the life before the current or last one. A subscription begins there, and goes on
   * with all that was written behind it.
   */
  previous?: boolean;
  /** Only lines at or after this time. */
  since?: string;
}

/** Parameters of process.wait. */
export interface WaitParams {
  /** Name of the process. */
  name: string;
  /**
   * What is waited for; it is about the present: what has been true and is no more does not count.
   */
  condition: WaitCondition;
  /** How long to wait, for example 30s or 5m. Absent: as long as the caller stays. */
  timeout?: Duration;
}

/** Parameters of manifest.diff. */
export interface ManifestDiffParams {
  /** The manifest as YAML text. Absent: the manager's own file or directory, read now. */
  manifest?: string | null;
}

/** Parameters of manifest.apply. */
export interface ManifestApplyParams {
  /** The manifest as YAML text. Absent: the manager's own file or directory, read now. */
  manifest?: string | null;
}

/** Parameters of events.subscribe. */
export interface EventsSubscribeParams {
  /**
   * Only events of this process, or of its replicas or runs. Absent: of all, and of the manager.
   */
  name?: string;
  /** Only events of processes with all of these labels. */
  labels?: Record<string, string>;
}

/** Parameters of logs.subscribe. */
export interface LogsSubscribeParams {
  /** Name of the process. */
  name: string;
  /** How many of the newest lines are wanted. Absent or 0: 100. */
  lines?: number;
  /** Only this stream. Absent: both, in the order written. */
  stream?: Stream;
  /**
   * Only lines of the life before the current or last one. A subscription begins there, and goes on
   * with all that was written behind it.
   */
  previous?: boolean;
  /** Only lines at or after this time. */
  since?: string;
}

/** What the manager answered instead of a result. */
export class ManagerError extends Error {
  constructor(
    message: string,
    /** Code of JSON-RPC. */
    readonly code: number,
    /** Stable word, for example NotFound. */
    readonly reason: string,
    /** The process that was asked for, if any. */
    readonly process?: string,
  ) {
    super(message);
    this.name = new.target.name;
  }
}

/** the message is not JSON in UTF-8 (-32700). */
export class ParseError extends ManagerError {}

/** the manager failed to answer (-32603). */
export class InternalError extends ManagerError {}

/** a parameter is unknown, missing or of the wrong type (-32602). */
export class InvalidParamsError extends ManagerError {}

/** there is no such method (-32601). */
export class MethodNotFoundError extends ManagerError {}

/** the message is not a JSON-RPC 2.0 request (-32600). */
export class InvalidRequestError extends ManagerError {}

/** no such process (-32001). */
export class NotFoundError extends ManagerError {}

/** process already exists (-32002). */
export class ExistsError extends ManagerError {}

/** invalid request (-32003). */
export class InvalidError extends ManagerError {}

/** process is not running (-32004). */
export class NotRunningError extends ManagerError {}

/** process could not be started (-32005). */
export class StartError extends ManagerError {}

/** not done in time (-32006). */
export class StopTimeoutError extends ManagerError {}

/** process manager is shutting down (-32007). */
export class ClosedError extends ManagerError {}

/** not permitted (-32008). */
export class ForbiddenError extends ManagerError {}

/** the method works over WebSocket only (-32010). */
export class NeedsWebSocketError extends ManagerError {}

const failures: Record<number, typeof ManagerError> = {
  [-32700]: ParseError,
  [-32603]: InternalError,
  [-32602]: InvalidParamsError,
  [-32601]: MethodNotFoundError,
  [-32600]: InvalidRequestError,
  [-32001]: NotFoundError,
  [-32002]: ExistsError,
  [-32003]: InvalidError,
  [-32004]: NotRunningError,
  [-32005]: StartError,
  [-32006]: StopTimeoutError,
  [-32007]: ClosedError,
  [-32008]: ForbiddenError,
  [-32010]: NeedsWebSocketError,
};

/** No connection, or it broke before the answer. */
export class UnreachableError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "UnreachableError";
  }
}

/** The secret is missing or wrong. */
export class UnauthorizedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UnauthorizedError";
  }
}

/** Notifications were not taken in time, and some are lost. */
export class SlowError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SlowError";
  }
}

export interface ClientOptions {
  /** http://host:port or https://host:port; /rpc is added to an empty path. */
  url?: string;
  /** Path of the API's unix socket, in place of url; in Node only. */
  socket?: string;
  /** Secret of the manager, or that of viewers. */
  secret?: string;
  /**
   * How many milliseconds a subscription tries to get its connection back. Absent or 0:
   * for ever; negative: not at all.
   */
  reconnect?: number;
  /** In place of the global fetch. */
  fetch?: typeof globalThis.fetch;
  /** In place of the global WebSocket. */
  WebSocket?: new (url: string, options?: any) => WebSocket;
}

export interface CallOptions {
  /** Ends the waiting; what the manager has begun goes on. */
  signal?: AbortSignal;
}

/** Options of a method that may take its time. */
export interface WaitOptions extends CallOptions {
  /** false: return as soon as the work has begun; wait and eventsSubscribe tell the rest. */
  wait?: boolean;
}

/**
 * The subscription was interrupted. It comes twice: when it begins, and with over when
 * the subscription stands again. What happened in between is missing from events: who
 * keeps a picture of the processes lists them anew when it is over. Lines are fetched
 * again from the last one on: none comes twice, and only those are missing that the
 * manager does not have any more.
 */
export interface Gap {
  /** UnreachableError, ClosedError (the manager ended) or SlowError (notices were not taken). */
  why: Error;
  over: boolean;
}

/** What eventsSubscribe delivers. */
export type EventNotice = { event: ProcessEvent; gap?: undefined } | { gap: Gap; event?: undefined };

/** What logsSubscribe delivers; lost are bytes right before the line that were overwritten. */
export type LineNotice = { line: LogLine; lost: number; gap?: undefined } | { gap: Gap; line?: undefined };

/** Client calls one manager. It connects when it is first used. */
export class Client {
  readonly #where: string;
  readonly #url: URL;
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    if ((options.url === undefined) === (options.socket === undefined)) {
      throw new TypeError("cannot make a client: want either a url or a socket");
    }
    this.#options = options;
    this.#url = new URL(options.url ?? "http://localhost/rpc");
    if (!/^https?:$/.test(this.#url.protocol) || this.#url.username || this.#url.password) {
      throw new TypeError("cannot use the URL: want http://HOST:PORT or https://HOST:PORT, and the secret apart from it");
    }
    if (this.#url.pathname === "/") this.#url.pathname = "/rpc";
    this.#where = options.socket ?? this.#url.host;
  }

  /**
   * Calls process.start. Makes a new process that is not in the manifest and starts it, or, without
   * a command, starts an existing idle one again. It returns when the first life runs, or when the
   * schedule is armed or a dependency is waited for. Such a process never restarts by itself.
   */
  async start(params: StartParams, options: WaitOptions = {}): Promise<ProcessInfo> {
    return this.call("process.start", { ...params, wait: options.wait }, options);
  }

  /**
   * Calls process.stop. Ends the process and disarms its schedule and its restarts. It returns when
   * nothing of its tree is left.
   */
  async stop(name: string, options: WaitOptions = {}): Promise<ProcessInfo> {
    return this.call("process.stop", { name, wait: options.wait }, options);
  }

  /**
   * Calls process.restart. Ends the current life and starts a new one; what is idle is started. It
   * returns when the new life runs.
   */
  async restart(name: string, options: WaitOptions = {}): Promise<ProcessInfo> {
    return this.call("process.restart", { name, wait: options.wait }, options);
  }

  /** Calls process.delete. Stops the process and forgets it. */
  async delete(name: string, options: WaitOptions = {}): Promise<void> {
    await this.call("process.delete", { name, wait: options.wait }, options);
  }

  /**
   * Calls process.signal. Sends a signal to the leader of a process, and to nothing else. What the
   * process does then is its own affair: a signal that ends it is an exit like any other, and its
   * restartPolicy decides.
   */
  async signal(params: SignalParams, options: CallOptions = {}): Promise<ProcessInfo> {
    return this.call("process.signal", params, options);
  }

  /**
   * Calls process.trigger. Begins a run now, beside the schedule where there is one. Under
   * concurrencyPolicy Allow it is one more run, which the result is about, else nothing may be
   * going on. It returns when the life runs.
   */
  async trigger(name: string, options: WaitOptions = {}): Promise<ProcessInfo> {
    return this.call("process.trigger", { name, wait: options.wait }, options);
  }

  /**
   * Calls process.probe. Makes one attempt of a probe of the process, or of each that it has,
   * beside those that are made anyway; of a name with replicas or runs, of theirs. Nothing but the
   * answer comes of it: it counts neither for thresholds and readiness nor in metrics. It is for
   * operators, because an exec probe runs a command. It lasts at most as long as the probe's
   * timeoutSeconds.
   */
  async probe(params: ProbeParams, options: CallOptions = {}): Promise<ProbeResult[]> {
    return this.call("process.probe", params, options);
  }

  /**
   * Calls process.exec. Runs a command once as an exec probe of the process is run: with its
   * environment, directory, user, groups, umask and limits, without a stdin and without a terminal.
   * Of a process that runs the context is that of its life, with which the command ends; of one
   * that does not it is the one that its next life would get. It returns when nothing of the
   * command is left; an exit code other than 0 is a result, not an error. When the caller goes, the
   * command runs on to its end or its timeout.
   */
  async exec(params: ExecParams, options: CallOptions = {}): Promise<ExecResult> {
    return this.call("process.exec", params, options);
  }

  /** Calls process.status. Describes one process at this moment. */
  async status(name: string, options: CallOptions = {}): Promise<ProcessInfo> {
    return this.call("process.status", { name }, options);
  }

  /** Calls process.list. Describes all processes, or those selected, sorted by name. */
  async list(params: ListParams = {}, options: CallOptions = {}): Promise<ProcessInfo[]> {
    return this.call("process.list", params, options);
  }

  /**
   * Calls process.logs. Returns the newest captured lines, oldest first. To previous the answer is
   * NotFound when there was no life before.
   */
  async logs(params: LogsParams, options: CallOptions = {}): Promise<LogLine[]> {
    return this.call("process.logs", params, options);
  }

  /**
   * Calls process.history. Returns the lives that have ended: of a scheduled process as many as its
   * history limits say, of others the last ten.
   */
  async history(name: string, options: CallOptions = {}): Promise<LifeRecord[]> {
    return this.call("process.history", { name }, options);
  }

  /**
   * Calls process.tree. Lists the living processes of a process's tree, each before its children;
   * of a name with replicas or runs, theirs one after the other. The numbers are of the last
   * sample, at most a second old. A viewer sees no arguments.
   */
  async tree(name: string, options: CallOptions = {}): Promise<TreeProcess[]> {
    return this.call("process.tree", { name }, options);
  }

  /**
   * Calls process.wait. Returns when the condition is true. It lasts as long as the caller wants:
   * it ends when the time is up (StopTimeout), when the connection does, when the condition cannot
   * become true by itself any more (NotRunning), and with the manager (Closed).
   */
  async wait(params: WaitParams, options: CallOptions = {}): Promise<ProcessInfo> {
    return this.call("process.wait", params, options);
  }

  /**
   * Calls manifest.get. Describes the manifest in force, with all defaults. Values out of mounted
   * secrets are not part of it.
   */
  async manifestGet(options: CallOptions = {}): Promise<ManifestInfo> {
    return this.call("manifest.get", undefined, options);
  }

  /** Calls manifest.diff. Tells what manifest.apply would do with the text, without doing it. */
  async manifestDiff(params: ManifestDiffParams = {}, options: CallOptions = {}): Promise<Change[]> {
    return this.call("manifest.diff", params, options);
  }

  /**
   * Calls manifest.apply. Makes the text the manifest in force, until the file changes or the
   * manager ends. It returns when the changes have been begun: what must end first may still be
   * ending. On an error nothing is changed.
   */
  async manifestApply(params: ManifestApplyParams = {}, options: CallOptions = {}): Promise<Change[]> {
    return this.call("manifest.apply", params, options);
  }

  /** Calls system.info. Describes the manager itself. */
  async systemInfo(options: CallOptions = {}): Promise<SystemInfo> {
    return this.call("system.info", undefined, options);
  }

  /**
   * Calls system.shutdown. Begins the ordered end of all processes and of the manager, with exit
   * code 0, and returns.
   */
  async systemShutdown(options: CallOptions = {}): Promise<void> {
    await this.call("system.shutdown", undefined, options);
  }

  /**
   * Calls events.subscribe. From now on what happens comes as notifications events.event. A
   * listener that is 1024 events behind is ended.
   */
  eventsSubscribe(params: EventsSubscribeParams = {}, options: CallOptions = {}): Promise<Subscription<EventNotice>> {
    return subscribe(this, "events.subscribe", new EventNoticeFeed(params), options, this.#options.reconnect ?? 0);
  }

  /**
   * Calls logs.subscribe. The newest captured lines and all that follow come as notifications
   * logs.line, until the process is deleted.
   */
  logsSubscribe(params: LogsSubscribeParams, options: CallOptions = {}): Promise<Subscription<LineNotice>> {
    return subscribe(this, "logs.subscribe", new LineNoticeFeed(params), options, this.#options.reconnect ?? 0);
  }

  /** Calls rpc.discover. Returns this document. */
  async discover(options: CallOptions = {}): Promise<Record<string, unknown>> {
    return this.call("rpc.discover", undefined, options);
  }

  /** Calls any method. */
  async call<T>(method: string, params?: unknown, options: CallOptions = {}): Promise<T> {
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (this.#options.secret) headers["Authorization"] = "Bearer " + this.#options.secret;
    const init = { method: "POST", headers, body: request(1, method, params), signal: options.signal ?? null, redirect: "error" as const };
    let status: number, text: string;
    try {
      const response = await (this.#options.fetch ?? fetch)(this.#url.href, { ...init, ...this.#dispatch() });
      status = response.status;
      text = await response.text();
    } catch (err) {
      if (options.signal?.aborted) throw options.signal.reason;
      throw this.unreachable(err);
    }
    let answer: Message = {};
    try {
      answer = JSON.parse(text) as Message;
    } catch {
      // told below
    }
    if (status === 401) throw new UnauthorizedError(`cannot authenticate at ${this.#where}: ${answer.error?.message ?? "HTTP status 401"}`);
    if (answer?.jsonrpc !== "2.0" || (answer.error === undefined && answer.result === undefined)) {
      throw new UnreachableError(`cannot reach the manager at ${this.#where}: what answers there is not a manager's API (HTTP status ${status})`);
    }
    if (answer.error) throw toError(answer.error);
    return answer.result as T;
  }

  /** @internal */
  unreachable(err: unknown): UnreachableError {
    let why = err instanceof Error ? err : new Error(String(err));
    while (why.cause instanceof Error) why = why.cause; // Node hides the reason behind "fetch failed"
    const code = (why as { code?: string }).code;
    return new UnreachableError(`cannot reach the manager at ${this.#where}: ${why.message || code || "the connection was refused or broke"}`, { cause: err });
  }

  /** Opens a connection with one subscription on it. @internal */
  async open(method: string, params: unknown, signal: AbortSignal): Promise<Link> {
    const Socket = this.#options.WebSocket ?? globalThis.WebSocket;
    if (!Socket) throw new TypeError("cannot subscribe: there is no WebSocket here (Node 20 has it with --experimental-websocket)");
    const url = new URL(this.#url);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const extra = this.#dispatch();
    const ws = "dispatcher" in extra ? new Socket(url.href, extra) : new Socket(url.href);
    const link = new Link(ws, this, this.#options.secret);
    const abort = () => link.end(signal.reason);
    signal.addEventListener("abort", abort);
    try {
      signal.throwIfAborted();
      await link.subscribe(method, params);
      return link;
    } catch (err) {
      link.end(err);
      throw err;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  #agent: unknown;

  /**
   * What Node's fetch and WebSocket need for a unix socket: an agent of the kind that they
   * use themselves.
   */
  #dispatch(): { dispatcher?: unknown } {
    const path = this.#options.socket;
    if (path === undefined || this.#options.fetch) return {};
    if (!this.#agent) {
      void globalThis.Headers; // the agent comes with the first use of fetch's words
      const usual = (globalThis as any)[Symbol.for("undici.globalDispatcher.1")];
      if (!usual) throw new TypeError("cannot use a unix socket here: it needs Node 20 or later, or a fetch of your own");
      this.#agent = new usual.constructor({ connect: { socketPath: path }, headersTimeout: 0, bodyTimeout: 0 });
    }
    return { dispatcher: this.#agent };
  }
}

/** A JSON-RPC message, as far as it is one. */
interface Message {
  jsonrpc?: string;
  id?: unknown;
  method?: string;
  params?: any;
  result?: unknown;
  error?: { code: number; message: string; data?: { reason?: string; name?: string } };
}

function request(id: number, method: string, params: unknown): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method, params });
}

function toError(error: NonNullable<Message["error"]>): ManagerError {
  const Failure = failures[error.code] ?? ManagerError;
  return new Failure(error.message, error.code, error.data?.reason ?? "", error.data?.name);
}

const openTimeout = 15_000; // ms, from the handshake to the answer
const beat = 30_000; // ms between two questions whether the manager is still there
const beatTimeout = 10_000; // ms for its answer
const firstDelay = 100; // ms before the first attempt to reconnect; it doubles
const longestDelay = 5_000;
const healthy = 10_000; // ms; a connection that lasted so long begins anew with firstDelay
const room = 10_000; // notices that nobody has taken

/** One WebSocket with one subscription on it. */
class Link {
  #waiting = new Map<unknown, { resolve: (result: unknown) => void; reject: (err: unknown) => void }>();
  #next = 1;
  #timer: ReturnType<typeof setInterval> | undefined;
  #over = false;
  #opened: Promise<void>;
  #early: Message[] = []; // notifications that nobody wanted yet
  #take: ((message: Message) => void) | undefined;
  #end: (why: unknown) => void = () => {};

  /** Why it has ended. */
  readonly ended: Promise<unknown> = new Promise((resolve) => (this.#end = resolve));

  constructor(
    readonly ws: WebSocket,
    readonly client: Client,
    readonly secret: string | undefined,
  ) {
    this.#opened = new Promise((resolve, reject) => {
      this.#waiting.set("open", { resolve: () => resolve(), reject });
    });
    this.#opened.catch(() => {}); // who waits is told; nobody has to
    ws.onopen = () => this.#settle("open", undefined);
    ws.onerror = (event) => this.end(client.unreachable((event as { error?: unknown }).error ?? new Error("the WebSocket failed")));
    ws.onclose = (event) => this.end(client.unreachable(new Error(`the connection has ended (${event.code}${event.reason ? " " + event.reason : ""})`)));
    ws.onmessage = (event) => {
      if (this.#over) return;
      let message: Message;
      try {
        message = JSON.parse(String(event.data)) as Message;
      } catch {
        return this.end(client.unreachable(new Error("what answers there is not a manager's API")));
      }
      if (message.method === undefined) return this.#settle(message.id, message.result, message.error);
      if (this.#take) this.#take(message);
      else this.#early.push(message);
    };
  }

  #settle(id: unknown, result: unknown, error?: Message["error"]): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(toError(error));
    else waiting?.resolve(result);
  }

  call(method: string, params?: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#over) return reject(this.client.unreachable(new Error("the connection has ended")));
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.ws.send(request(id, method, params));
    });
  }

  async subscribe(method: string, params: unknown): Promise<void> {
    const late = setTimeout(() => this.end(this.client.unreachable(new Error("no answer in time"))), openTimeout);
    try {
      await this.#opened;
      if (this.secret) {
        await this.call("session.authenticate", { secret: this.secret }).catch((err) => {
          throw err instanceof ForbiddenError ? new UnauthorizedError(`cannot authenticate: ${err.message}`) : err;
        });
      }
      await this.call(method, params).catch((err) => {
        // Whoever has a role may look.
        throw err instanceof ForbiddenError && !this.secret ? new UnauthorizedError(`cannot authenticate: ${err.message}`) : err;
      });
    } finally {
      clearTimeout(late);
    }
    // A page cannot ping, so it asks something small.
    this.#timer = setInterval(() => {
      const late = setTimeout(() => this.end(this.client.unreachable(new Error("it does not answer any more"))), beatTimeout);
      this.call("system.info").catch(() => {}).finally(() => clearTimeout(late));
    }, beat);
  }

  /** Notifications go to take from now on, those first that have come already. */
  start(take: (message: Message) => void): void {
    const late = this.#over; // what came before that counts
    for (const message of this.#early.splice(0)) {
      if (this.#over && !late) return;
      take(message);
    }
    this.#take = take;
  }

  end(why: unknown): void {
    if (this.#over) return;
    this.#over = true;
    const told = this.#early.find((message) => message.method === "subscription.ended");
    if (told) why = endedError(told.params);
    clearInterval(this.#timer);
    for (const waiting of this.#waiting.values()) waiting.reject(why);
    this.#waiting.clear();
    this.ws.onerror = () => {};
    this.ws.close();
    this.#end(why);
  }
}

/** What a subscription has to know of one kind of notification. */
interface Feed<N> {
  /** What the subscription was asked for with. */
  readonly p: { name?: string };
  /** Parameters of the subscribing method; later ones go on where it stopped. */
  params(): unknown;
  /** Reads a notification; undefined: it has come before. */
  read(params: any): N | undefined;
}

class EventNoticeFeed implements Feed<EventNotice> {
  constructor(readonly p: EventsSubscribeParams) {}
  params(): unknown {
    return this.p;
  }
  read(params: any): EventNotice {
    return { event: params.event };
  }
}

/** Remembers the time of the last line, and which lines of that time it has seen. */
class LineNoticeFeed implements Feed<LineNotice> {
  #last = "";
  #seen = new Map<string, number>();
  #skip = new Map<string, number>();
  constructor(readonly p: LogsSubscribeParams) {}

  params(): unknown {
    if (!this.#last) return this.p;
    for (const [key, n] of this.#seen) this.#skip.set(key, (this.#skip.get(key) ?? 0) + n);
    this.#seen.clear();
    return { ...this.p, since: this.#last, lines: 0x7fffffff, previous: false };
  }

  read(params: any): LineNotice | undefined {
    const line: LogLine = params.line;
    if (line.ts !== this.#last) {
      this.#last = line.ts;
      this.#seen.clear();
      this.#skip.clear();
    }
    const key = `${line.stream} ${line.run} ${line.msg}`;
    this.#seen.set(key, (this.#seen.get(key) ?? 0) + 1);
    const again = this.#skip.get(key) ?? 0;
    if (again > 0) {
      this.#skip.set(key, again - 1);
      return undefined;
    }
    return { line, lost: params.lost ?? 0 };
  }
}

async function subscribe<N>(client: Client, method: string, feed: Feed<N>, options: CallOptions, reconnect: number): Promise<Subscription<N>> {
  const s = new Subscription<N>(client, method, feed, reconnect);
  await s.begin(options.signal);
  return s;
}

/** The error that may be another one the next time. */
function mayReturn(err: unknown): boolean {
  return err instanceof UnreachableError || err instanceof ClosedError || err instanceof SlowError;
}

/**
 * Delivers what happens, until it is closed: when its connection is lost it makes a new one
 * and tells so by a Gap. Use it in for await; leaving the loop closes it. Iterating ends
 * after close; it throws when the subscription has ended for another reason: NotFoundError
 * when the process was deleted, UnreachableError when the time to reconnect is up, or what
 * the manager says when it is not to be had anew.
 */
export class Subscription<N> implements AsyncIterableIterator<N> {
  #queue: N[] = [];
  #takers: { resolve: (r: IteratorResult<N>) => void; reject: (err: unknown) => void }[] = [];
  #link: Link | undefined;
  #why: unknown;
  #closed = false;
  #stop = new AbortController();
  #drained: () => void = () => {};

  /** @internal */
  constructor(
    readonly client: Client,
    readonly method: string,
    readonly feed: Feed<N>,
    readonly reconnect: number,
  ) {}

  /** @internal */
  async begin(signal?: AbortSignal): Promise<void> {
    void this.#run(await this.#open(signal ?? this.#stop.signal));
  }

  async next(): Promise<IteratorResult<N>> {
    const value = this.#queue.shift();
    if (this.#queue.length === 0) this.#drained();
    if (value !== undefined) return { done: false, value };
    if (this.#closed) return { done: true, value: undefined };
    if (this.#why !== undefined) throw this.#why;
    return new Promise((resolve, reject) => this.#takers.push({ resolve, reject }));
  }

  async return(): Promise<IteratorResult<N>> {
    this.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the subscription and its connection. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue = [];
    this.#stop.abort(new UnreachableError("the subscription was closed"));
    this.#link?.end(new UnreachableError("the subscription was closed"));
    for (const taker of this.#takers.splice(0)) taker.resolve({ done: true, value: undefined });
    this.#drained();
  }

  #hand(notice: N): void {
    const taker = this.#takers.shift();
    if (taker) taker.resolve({ done: false, value: notice });
    else this.#queue.push(notice);
  }

  async #open(signal: AbortSignal): Promise<Link> {
    this.#link = await this.client.open(this.method, this.feed.params(), signal);
    return this.#link;
  }

  #take(link: Link, message: Message): void {
    if (message.method === "subscription.ended") return link.end(endedError(message.params, this.feed.p.name));
    const notice = this.feed.read(message.params);
    if (notice === undefined) return;
    this.#hand(notice);
    if (this.#queue.length > room) link.end(new SlowError("too slow: notices were not taken in time"));
  }

  async #run(link: Link): Promise<void> {
    let delay = firstDelay;
    for (;;) {
      const began = Date.now();
      link.start((message) => this.#take(link, message));
      const why = await link.ended;
      if (this.#closed) return;
      if (!(why instanceof Error) || !mayReturn(why) || this.reconnect < 0) return this.#fail(why);
      if (Date.now() - began >= healthy) delay = firstDelay;
      const since = Date.now();
      this.#hand({ gap: { why, over: false } } as N);
      if (why instanceof SlowError && this.#queue.length > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
      for (;;) {
        await pause(delay / 2 + (Math.random() * delay) / 2, this.#stop.signal);
        if (this.#closed) return;
        delay = Math.min(delay * 2, longestDelay);
        try {
          link = await this.#open(this.#stop.signal);
          break;
        } catch (err) {
          if (this.#closed) return;
          if (!mayReturn(err) || (this.reconnect > 0 && Date.now() - since >= this.reconnect)) return this.#fail(err);
        }
      }
      if (this.#closed) return link.end(why);
      this.#hand({ gap: { why, over: true } } as N);
    }
  }

  #fail(why: unknown): void {
    this.#why = why;
    for (const taker of this.#takers.splice(0)) taker.reject(why);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}

/** What subscription.ended says, as an error. */
function endedError(params: { reason: EndReason; message: string }, name?: string): Error {
  const text = `the subscription has ended: ${params.message}`;
  switch (params.reason) {
    case "deleted":
      return new NotFoundError(text, -32001, "NotFound", name);
    case "shutdown":
      return new ClosedError(text, -32007, "Closed");
    case "slow":
      return new SlowError(text);
    default:
      return new InternalError(text, -32603, "InternalError");
  }
}
