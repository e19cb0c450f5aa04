package convert

import (
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// pcLogSize is at how many MiB process-compose rotates where nothing is said.
const pcLogSize = 100

// logs reads where the output goes, and how its file is rotated.
func (r *pcReader) logs(p *process, t *tree) {
	text, location := r.text(t, "log_location")
	configuration := r.object(t, "log_configuration")
	if location == nil {
		if configuration != nil {
			p.note(Changed, configuration.line, "log_configuration", "there is no log_location, so there is no file that it says something of")
		}
		return
	}
	p.spec.Log.File = true
	p.note(Changed, location.line, "log_location", "%s: the file is NAME.log under -log-dir, which has to be given to processmanager", text)
	if configuration == nil {
		return
	}
	if yes, _ := r.boolean(configuration, "add_timestamp"); yes {
		p.spec.Log.Timestamps = new(true)
	}
	if rotation := r.object(configuration, "rotation"); rotation != nil {
		r.rotation(p, rotation)
	}
	const lines = "~lines of a file are as they were written; those on the container's streams are what log.format says"
	r.rest(p, "log_configuration.", configuration, map[string]string{
		"disable_json": lines, "fields_order": lines, "no_metadata": lines, "no_color": lines, "timestamp_format": "~it is RFC 3339, in UTC",
		"flush_each_line": "~each line is written at once",
	})
}

// rotation reads sizes as process-compose does: a number that is absent or 0 stands for
// 100 MiB, and for files that stay for ever.
func (r *pcReader) rotation(p *process, t *tree) {
	size := r.integer(t, "max_size_mb", 0, 0)
	if size == 0 {
		size = pcLogSize
	}
	p.spec.Log.MaxSize = new(supervisor.Quantity(quantityOf(int64(size) << 20)))
	if yes, _ := r.boolean(t, "compress"); yes {
		p.spec.Log.Compress = true
	}
	const most = 1000
	files := r.integer(t, "max_backups", 0, 0)
	if files == 0 || files > most {
		files = most
		p.note(Changed, t.line, "log_configuration.rotation.max_backups", "at most %d files are kept", most)
	}
	p.spec.Log.MaxFiles = &files
	const mostDays = 3650
	switch days := r.integer(t, "max_age_days", 0, 0); {
	case days > mostDays:
		p.note(Changed, t.line, "log_configuration.rotation.max_age_days", "files are kept for ten years at most if an age is said; none is")
	case days > 0:
		p.spec.Log.MaxAge = new(supervisor.Duration(time.Duration(days) * 24 * time.Hour))
	}
	r.rest(p, "log_configuration.rotation.", t, map[string]string{
		"directory": "~the file is NAME.log under -log-dir", "filename": "~the file is NAME.log under -log-dir",
	})
}
