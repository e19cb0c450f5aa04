package supervisor

// Probe has Kubernetes' shape, defaults and meaning; exactly one of exec, httpGet,
// tcpSocket and grpc is set.
type Probe struct {
	Exec      *ExecAction      `json:"exec,omitempty" doc:"A command, run as the process is; exit code 0 is success."`
	HTTPGet   *HTTPGetAction   `json:"httpGet,omitempty" doc:"An HTTP request; 200 to 399 is success."`
	TCPSocket *TCPSocketAction `json:"tcpSocket,omitempty" doc:"A connection; that it opens is success."`
	GRPC      *GRPCAction      `json:"grpc,omitempty" doc:"The standard gRPC health check; SERVING is success."`

	InitialDelaySeconds int  `json:"initialDelaySeconds,omitempty" min:"0" max:"315360000" doc:"Seconds from the start of the life to the first attempt."`
	TimeoutSeconds      *int `json:"timeoutSeconds,omitempty" min:"0" max:"315360000" doc:"Seconds an attempt may last. Default, also for 0: 1."`
	PeriodSeconds       *int `json:"periodSeconds,omitempty" min:"0" max:"315360000" doc:"Seconds between attempts. Default, also for 0: 10."`
	SuccessThreshold    *int `json:"successThreshold,omitempty" min:"0" max:"1000000" doc:"Successes in a row that mean success. Default, also for 0: 1; for startup and liveness it must be 1."`
	FailureThreshold    *int `json:"failureThreshold,omitempty" min:"0" max:"1000000" doc:"Failures in a row that mean failure. Default, also for 0: 3."`

	TerminationGracePeriodSeconds *int64 `json:"terminationGracePeriodSeconds,omitempty" min:"1" max:"315360000" doc:"Grace period when this probe ends the process; not for readiness. Default: the process's."`
}

// ExecAction runs a command with the environment, directory and rights of the
// process.
type ExecAction struct {
	Command Command `json:"command" required:"true" doc:"A list is an argv, after $(NAME) expansion; a string is run by /bin/sh -c."`
}

// HTTPGetAction is one GET request. A redirect to another host counts as success
// and is not followed; certificates are not verified.
type HTTPGetAction struct {
	Path        string       `json:"path,omitempty" doc:"Path and query. Default: /."`
	Port        PortRef      `json:"port" required:"true" doc:"Number, or a name out of ports."`
	Host        string       `json:"host,omitempty" doc:"Where to connect to. Default: 127.0.0.1."`
	Scheme      URIScheme    `json:"scheme,omitempty" doc:"HTTP or HTTPS. Default: HTTP."`
	HTTPHeaders []HTTPHeader `json:"httpHeaders,omitempty" doc:"Headers of the request; Host overrides the one of the address."`
}

// HTTPHeader is one header of a request.
type HTTPHeader struct {
	Name  string `json:"name" required:"true" doc:"Name."`
	Value string `json:"value,omitempty" doc:"Value."`
}

// URIScheme has Kubernetes' words.
type URIScheme string

// The schemes.
const (
	SchemeHTTP  URIScheme = "HTTP"
	SchemeHTTPS URIScheme = "HTTPS"
)

// TCPSocketAction opens a connection and closes it.
type TCPSocketAction struct {
	Port PortRef `json:"port" required:"true" doc:"Number, or a name out of ports."`
	Host string  `json:"host,omitempty" doc:"Where to connect to. Default: 127.0.0.1."`
}

// GRPCAction asks grpc.health.v1.Health/Check, without TLS.
type GRPCAction struct {
	Port    int    `json:"port" required:"true" min:"1" max:"65535" doc:"Number."`
	Service string `json:"service,omitempty" doc:"Service to ask for. Default: the server as a whole."`
}

// Lifecycle has Kubernetes' shape.
type Lifecycle struct {
	PostStart  *LifecycleHandler `json:"postStart,omitempty" doc:"Done right after the start; the process is starting until it has ended. When it fails the process is ended with PostStartHookError."`
	PreStop    *LifecycleHandler `json:"preStop,omitempty" doc:"Done before the stop signal, inside the grace period; the signal is left two seconds. Not after an exit of its own."`
	PostStop   *LifecycleHandler `json:"postStop,omitempty" doc:"Done after every end of a life, with PM_EXIT_CODE, PM_EXIT_SIGNAL and PM_EXIT_REASON in the environment; bounded by the grace period."`
	StopSignal string            `json:"stopSignal,omitempty" doc:"Signal that asks the process to end. Default: SIGTERM."`
}

// LifecycleHandler is what a hook does; exactly one is set.
type LifecycleHandler struct {
	Exec    *ExecAction    `json:"exec,omitempty" doc:"A command, run as the process is; exit code 0 is success."`
	HTTPGet *HTTPGetAction `json:"httpGet,omitempty" doc:"An HTTP request; 200 to 399 is success."`
	Sleep   *SleepAction   `json:"sleep,omitempty" doc:"A pause."`
}

// SleepAction is a pause.
type SleepAction struct {
	Seconds int64 `json:"seconds" required:"true" min:"0" max:"315360000" doc:"How long."`
}

// Readiness is how a process says itself that it is ready; exactly one of notify,
// fd and logPattern is set.
type Readiness struct {
	Notify          bool   `json:"notify,omitempty" doc:"By sd_notify(3): NOTIFY_SOCKET is set, READY=1 is awaited; STOPPING, RELOADING, STATUS and WATCHDOG are understood."`
	WatchdogSeconds *int64 `json:"watchdogSeconds,omitempty" min:"1" max:"315360000" doc:"With notify: WATCHDOG=1 must come this often, or the process is ended with Unhealthy. The process is told by WATCHDOG_USEC."`
	FD              int    `json:"fd,omitempty" min:"3" max:"255" doc:"By a line written to this descriptor, as s6 has it."`
	LogPattern      string `json:"logPattern,omitempty" doc:"By a line of its output that matches this regular expression (RE2)."`
}
