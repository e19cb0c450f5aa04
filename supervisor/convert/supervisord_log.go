package convert

import (
	"strconv"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// logs reads what is said about output. Here all of it is on the container's streams
// and in memory, whatever else is done with it.
func (r *programReader) logs(p *process) {
	redirect := r.s.take("redirect_stderr")
	joined := r.boolean(p, "redirect_stderr", false)
	if joined {
		r.d.note(Changed, r.s.file, redirect.line, redirect.key, "lines of stderr stay lines of stderr: on the container's stderr, and marked so in the ring; a log file has both in any case")
	}
	for _, stream := range []string{"stdout", "stderr"} {
		r.stream(p, stream)
		for _, suffix := range []string{"_capture_maxbytes", "_events_enabled", "_syslog"} {
			text, o := r.known(p, stream+suffix)
			if truth, err := boolean(text); o != nil && (err != nil || truth) {
				p.note(Lost, o.line, o.key, "%s", map[string]string{
					"_capture_maxbytes": "nothing is captured between tokens; logs.subscribe follows the output",
					"_events_enabled":   "output makes no events; logs.subscribe and pmclient logs -follow give it as it comes",
					"_syslog":           "nothing is sent to syslog: let the container's engine do it",
				}[suffix])
			}
		}
	}
}

func (r *programReader) stream(p *process, stream string) {
	backups, size := r.s.take(stream+"_logfile_backups"), r.s.take(stream+"_logfile_maxbytes")
	o := r.s.take(stream + "_logfile")
	target := "AUTO"
	if o != nil {
		text, names := marked(r.pieces(o, "0", 1))
		target = unmarked(text, names)
	}
	switch strings.ToLower(target) {
	case "/dev/stdout", "/dev/stderr", "/dev/fd/1", "/dev/fd/2", "/proc/self/fd/1", "/proc/self/fd/2", "/proc/1/fd/1", "/proc/1/fd/2":
		p.spec.Log.Format = supervisor.LogRaw
		if own := stream == "stdout"; own != (strings.HasSuffix(target, "1") || strings.HasSuffix(target, "stdout")) {
			p.note(Changed, o.line, o.key, "%s goes to the container's %s", stream, stream)
		}
		return
	case "none", "off":
		r.d.note(Changed, r.s.file, o.line, o.key, "%s: its lines are on the container's %s nevertheless; what should be nowhere has to be sent to /dev/null by the command", target, stream)
		return
	case "auto", "syslog":
		if o != nil {
			r.d.note(Changed, r.s.file, o.line, o.key, "%s: its lines are on the container's %s and in memory (pmclient logs)", target, stream)
		}
		return
	}
	p.spec.Log.File = true
	p.note(Changed, o.line, o.key, "%s: the file is NAME.log under -log-dir, which has to be given to processmanager; it has both streams", target)
	if stream == "stderr" && p.spec.Log.MaxSize != nil {
		return // one file has both
	}
	p.spec.Log.MaxSize, p.spec.Log.MaxFiles = ptr(supervisor.Quantity("50Mi")), new(10)
	if backups != nil {
		n := r.integer(backups.key, 10, 0)
		if n > 1000 {
			p.note(Changed, backups.line, backups.key, "at most 1000 files are kept")
		}
		p.spec.Log.MaxFiles = new(min(n, 1000))
	}
	if size != nil {
		r.maxBytes(p, size)
	}
}

func (r *programReader) maxBytes(p *process, o *option) {
	text, known := r.known(p, o.key)
	if known == nil {
		return
	}
	number, unit := strings.ToUpper(text), int64(1)
	for suffix, bytes := range map[string]int64{"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30} {
		if rest, ok := strings.CutSuffix(number, suffix); ok {
			number, unit = rest, bytes
			break
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	switch {
	case err != nil || n < 0 || n > 1<<30:
		r.fail(o, "%q is not a size (want a number with KB, MB or GB)", text)
	case n == 0:
		p.note(Changed, o.line, o.key, "a file is always rotated here, so that it cannot fill the disk: at 1Gi")
		p.spec.Log.MaxSize = ptr(supervisor.Quantity("1Gi"))
	case n*unit < 64<<10:
		p.note(Changed, o.line, o.key, "a file is rotated at 64Ki at the earliest")
		p.spec.Log.MaxSize = ptr(supervisor.Quantity("64Ki"))
	default:
		p.spec.Log.MaxSize = new(supervisor.Quantity(quantityOf(n * unit)))
	}
}

// quantityOf writes bytes with the largest suffix that fits.
func quantityOf(n int64) string {
	for _, s := range []struct {
		suffix string
		size   int64
	}{{"Gi", 1 << 30}, {"Mi", 1 << 20}, {"Ki", 1 << 10}} {
		if n%s.size == 0 {
			return strconv.FormatInt(n/s.size, 10) + s.suffix
		}
	}
	return strconv.FormatInt(n, 10)
}
