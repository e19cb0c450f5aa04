package supervisor

// EnvVar is one environment variable. $(NAME) in the value expands to a variable
// defined before it; $$ is a dollar sign.
type EnvVar struct {
	Name      string     `json:"name" required:"true" doc:"Name of the variable."`
	Value     string     `json:"value,omitempty" doc:"Its value; $(NAME) expands, $$(NAME) does not."`
	ValueFrom *EnvSource `json:"valueFrom,omitempty" doc:"Where the value comes from; not together with value."`
}

// EnvSource is where a variable's value comes from; exactly one is set. What is
// read from a file is data: nothing in it expands.
type EnvSource struct {
	FieldRef   *FieldRef   `json:"fieldRef,omitempty" doc:"A field of the process itself."`
	FileKeyRef *FileKeyRef `json:"fileKeyRef,omitempty" doc:"One key of a dotenv file, or one file of a mounted ConfigMap or Secret."`
}

// FieldRef selects a field of the process.
type FieldRef struct {
	FieldPath string `json:"fieldPath" required:"true" doc:"metadata.name, or metadata.labels['KEY']."`
}

// FileKeyRef selects a value in a file. It is read at each start.
type FileKeyRef struct {
	Path     string `json:"path" required:"true" doc:"A dotenv file, or a directory with a file for each key."`
	Key      string `json:"key" required:"true" doc:"The key."`
	Optional bool   `json:"optional,omitempty" doc:"Without the file or the key the variable is not set. Otherwise it is a StartError, and the start is tried again."`
}

// EnvFrom takes all keys of one source as variables; exactly one of the sources
// is set. It is read at each start.
type EnvFrom struct {
	Prefix       string   `json:"prefix,omitempty" doc:"Put in front of each key."`
	ConfigMapRef *PathRef `json:"configMapRef,omitempty" doc:"Directory where a ConfigMap is mounted: each file is a variable, but hidden ones."`
	SecretRef    *PathRef `json:"secretRef,omitempty" doc:"Directory where a Secret is mounted: each file is a variable, but hidden ones."`
	FileRef      *PathRef `json:"fileRef,omitempty" doc:"A dotenv file: NAME=value on each line."`
}

// PathRef is where a source is mounted.
type PathRef struct {
	Path     string `json:"path" required:"true" doc:"Absolute path."`
	Optional bool   `json:"optional,omitempty" doc:"It may be missing. Otherwise that is a StartError, and the start is tried again."`
}

// Port gives a port number a name.
type Port struct {
	Name          string `json:"name,omitempty" doc:"Name: lower case letters, digits and '-', at most 15."`
	ContainerPort int    `json:"containerPort" required:"true" min:"1" max:"65535" doc:"Number."`
}
