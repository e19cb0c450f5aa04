package supervisor_test

import (
	"strings"
	"testing"

	"github.com/processmanager/processmanager/supervisor"
)

// A definition is read as strictly as a manifest: each fault with its path, all at once.
func TestT84DefinitionIsReadStrictly(t *testing.T) {
	for text, want := range map[string]string{
		``:                                      `spec: it is not JSON: unexpected end of JSON input`,
		`{"command":["x"]`:                      `spec: it is not JSON: unexpected end of JSON input`,
		`{} {}`:                                 `spec: there is something behind the definition (want one JSON object)`,
		`[]`:                                    `spec: want an object`,
		`null`:                                  `spec: want an object`,
		"{\"command\":[\"\xff\"]}":              `spec: it is not UTF-8`,
		`{"Command":["x"]}`:                     `spec.Command: unknown field (did you mean "command"?)`,
		`{"comand":["x"],"replicas":"two"}`:     `spec.comand: unknown field (did you mean "command"?); spec.replicas: want an integer`,
		`{"command":["x"],"command":["y"]}`:     `spec.command: it is given twice`,
		`{"command":7}`:                         `spec.command: want a list of strings`,
		`{"env":[{"name":"A","valeu":"hush"}]}`: `spec.env[0].valeu: unknown field (did you mean "value"?)`,
		`{"labels":{"a":"b","a":"c","n":1}}`:    `spec.labels.a: it is given twice; spec.labels.n: want a string`,
		`{"livenessProbe":{"httpGet":{"port":80,"pfad":1}}}`: `spec.livenessProbe.httpGet.pfad: unknown field`,
		`{"essential":"yes"}`:                                `spec.essential: want true or false`,
		`{"restartBackoff":{"initial":"hush"}}`:              `spec.restartBackoff.initial: want a number with a unit`,
		`{"resources":{"limits":{"memory":["hush"]}}}`:       `spec.resources.limits.memory: want a number with an optional suffix`,
		`{"umask":"hush"}`:                                   `spec.umask: want octal digits`,
		`{"rlimits":{"nofile":"hush"}}`:                      `spec.rlimits.nofile: want a number of at least 0`,
		`{"securityContext":{"runAsUser":{"hush":1}}}`:       `spec.securityContext.runAsUser: want a number or a name`,
		`{"livenessProbe":{"tcpSocket":{"port":["hush"]}}}`:  `spec.livenessProbe.tcpSocket.port: want a port number`,
		`{"log":"hush"}`:                                     `spec.log: want true, false or an object`,
		`{"command":{"hush":1}}`:                             `spec.command: want a list of strings`,
	} {
		spec, err := supervisor.ParseSpec("spec", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s\n got %v, %v\nwant %s", text, spec, err, want)
			continue
		}
		for _, word := range []string{"json:", "Go ", "hush"} {
			if strings.Contains(err.Error(), word) {
				t.Errorf("%s: %v holds %q", text, err, word)
			}
		}
	}
	spec, err := supervisor.ParseSpec("spec", []byte(` {"command":["/bin/sleep","1"],"labels":null,"restartPolicy":"OnFailure","rlimits":{"nofile":{"soft":1,"hard":2}}} `))
	if err != nil || len(spec.Command.Argv) != 2 || spec.RestartPolicy != supervisor.RestartOnFailure {
		t.Errorf("%+v, %v", spec, err)
	}
}

// Whatever comes in is a definition or an error that begins with the root.
func FuzzParseSpec(f *testing.F) {
	for _, seed := range []string{`{"command":["a"]}`, `{"env":[{"name":"A"}],"rlimits":{"nofile":{"soft":1}},"log":true}`, `{"a":`, "{\"\xff\":1}", strings.Repeat("[", 999)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		spec, err := supervisor.ParseSpec("spec", text)
		if (spec == nil) == (err == nil) || err != nil && !strings.HasPrefix(err.Error(), "spec") {
			t.Errorf("%v, %v", spec, err)
		}
	})
}
