package supervisor

// SecurityContext has Kubernetes' shape. More rights than the manager has cannot
// be given: what is refused by the kernel is a StartError.
type SecurityContext struct {
	RunAsUser                *ID           `json:"runAsUser,omitempty" doc:"User, by number or name. HOME, USER and LOGNAME follow, unless env sets them."`
	RunAsGroup               *ID           `json:"runAsGroup,omitempty" doc:"Primary group, by number or name. Default: the user's, else 0."`
	RunAsNonRoot             *bool         `json:"runAsNonRoot,omitempty" doc:"Refuse to start it as user 0."`
	SupplementalGroups       []ID          `json:"supplementalGroups,omitempty" doc:"Further groups, by number or name. With runAsUser, the user's groups of /etc/group come first."`
	Capabilities             *Capabilities `json:"capabilities,omitempty" doc:"Capabilities that it has."`
	AllowPrivilegeEscalation *bool         `json:"allowPrivilegeEscalation,omitempty" doc:"With false, no_new_privs is set: setuid programs give no rights. Default: true."`
}

// Capabilities are written without CAP_, as in Kubernetes; ALL means every one.
// What is added is also given to a user other than root, as ambient capability.
type Capabilities struct {
	Add  []string `json:"add,omitempty" doc:"Capabilities that it has beside the manager's bounds, such as NET_BIND_SERVICE, or ALL."`
	Drop []string `json:"drop,omitempty" doc:"Capabilities that it cannot have, such as NET_RAW, or ALL."`
}

// Resources has Kubernetes' shape.
type Resources struct {
	Limits   ResourceList `json:"limits,omitzero" doc:"What it may use, with its whole tree."`
	Requests ResourceList `json:"requests,omitzero" doc:"What it is to have when others want it too: cpu becomes its weight, memory what is reclaimed last. Default: the limits."`
}

// ResourceList are amounts by resource.
type ResourceList struct {
	CPU    *Quantity `json:"cpu,omitempty" doc:"Processors: 500m is a half. A limit of 0 is none."`
	Memory *Quantity `json:"memory,omitempty" doc:"Bytes: 128Mi, 1G. A limit is at least 1Mi, or 0 for none."`
	PIDs   *Quantity `json:"pids,omitempty" doc:"Processes and threads; as a limit only, 0 is none."`
}

// IOPriority is what ioprio_set(2) takes.
type IOPriority struct {
	Class IOClass `json:"class" required:"true" doc:"RealTime: before everybody else. BestEffort: in turn with the others. Idle: only when nobody else wants the disk."`
	Level *int    `json:"level,omitempty" min:"0" max:"7" doc:"Place within the class: 0 comes first, 7 last. Idle has none. Default: 4."`
}

// IOClass is a class of ioprio_set(2).
type IOClass string

// The classes.
const (
	IORealTime   IOClass = "RealTime"
	IOBestEffort IOClass = "BestEffort"
	IOIdle       IOClass = "Idle"
)
