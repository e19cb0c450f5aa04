package convert

import (
	"path"
	"slices"
)

// What docker compose and process-compose look for when they are called without -f: a file, and
// one beside it that they join to it.
var (
	composeFiles     = []string{"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"}
	composeOverrides = []string{"compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"}

	processComposeFiles     = []string{"compose.yml", "compose.yaml", "process-compose.yml", "process-compose.yaml"}
	processComposeOverrides = []string{"compose.override.yml", "compose.override.yaml", "process-compose.override.yml", "process-compose.override.yaml"}
)

// composeOverride tells of the file that docker compose would have joined to this one. Its rules
// of joining are many, and docker compose config applies them.
func (d *draft) composeOverride() {
	if file := d.override(composeFiles, composeOverrides); file != "" {
		d.note(Lost, file, 0, "", "docker compose adds this file to %s; it is not converted: convert the joined file, which docker compose config prints", path.Base(d.file))
	}
}

// processComposeOverride does so for process-compose, which has no command that prints the
// joined file.
func (d *draft) processComposeOverride() {
	if file := d.override(processComposeFiles, processComposeOverrides); file != "" {
		d.note(Lost, file, 0, "", "process-compose adds this file to %s; it is not converted: write its settings into that one, and convert it again", path.Base(d.file))
	}
}

// override is the first of these that lies beside the converted file, when that has a usual name.
func (d *draft) override(files, overrides []string) string {
	dir, name := path.Split(d.file)
	if !slices.Contains(files, name) {
		return ""
	}
	for _, override := range overrides {
		if file := path.Join(dir, override); d.exists(file) {
			return file
		}
	}
	return ""
}
