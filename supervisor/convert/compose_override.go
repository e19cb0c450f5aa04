package convert

import (
	"path"
	"slices"
)

// What docker compose looks for, in its order, when it is called without -f: a file, and one
// beside it that it joins to it.
var (
	composeFiles     = []string{"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"}
	composeOverrides = []string{"compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"}
)

// composeOverride tells of the file that docker compose would have joined to this one. Its rules
// of joining are many, and docker compose config applies them.
func (d *draft) composeOverride() {
	dir, name := path.Split(d.file)
	if !slices.Contains(composeFiles, name) {
		return
	}
	for _, override := range composeOverrides {
		if file := path.Join(dir, override); d.exists(file) {
			d.note(Lost, file, 0, "", "docker compose adds this file to %s; it is not converted: convert the joined file, which docker compose config prints", name)
			return
		}
	}
}
