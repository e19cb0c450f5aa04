package convert

import (
	"testing"
	"testing/fstest"
)

// What s6-supervise 2.11 was seen to do with a service directory.
func TestS6Supervise(t *testing.T) {
	const run = "#!/bin/sh\nexec /app/web\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
		not   string
	}{
		"a second between a death and the next life, however long it was": {
			map[string]string{"run": run},
			[]string{"restartBackoff: {initial: 1s, factor: 1, max: 1s, jitter: 0, resetAfter: 24h0m0s}"},
			"workingDir",
		},
		"a script begins in its directory": {
			map[string]string{"run": "#!/bin/sh\n. ./settings\nexec /app/web\n"},
			[]string{"workingDir: /etc/services.d/web", "NOTE etc/services.d/web: run: it begins in its directory, as with s6, which therefore has to stay in the image"},
			"TODO",
		},
		"a number for the signal": {
			map[string]string{"run": run, "finish": "#!/bin/sh\n[ \"$2\" -eq 15 ] || /app/alarm $1\n"},
			[]string{`case ${PM_EXIT_SIGNAL-} in SIGHUP) n=1;;`, `set -- "${PM_EXIT_CODE:-256}" "$n" web`},
			"PM_EXIT_SIGNAL is a name",
		},
		"no more lives": {
			map[string]string{"run": run, "finish": "#!/bin/sh\n[ $1 = 64 ] && exit 125\nexit 0\n"},
			[]string{"TODO etc/services.d/web: finish: its exit code 125, after which s6 does not restart, means nothing here: say restartPolicyRules with FailJob and the exit codes of the process that it is about"},
			"nothing of the kind",
		},
		"nothing special": {
			map[string]string{"run": run, "finish": "#!/bin/sh\necho ended $1\n"},
			[]string{`set -- "${PM_EXIT_CODE:-256}" "${PM_EXIT_SIGNAL:-0}" web`, "NOTE etc/services.d/web: finish: it is the postStop hook, whose output is not kept"},
			"TODO",
		},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := fstest.MapFS{}
			for file, text := range c.files {
				fsys["etc/services.d/web/"+file] = &fstest.MapFile{Data: []byte(text)}
			}
			got, err := Convert(fsys, ".", Options{})
			if err != nil {
				t.Fatal(err)
			}
			expect(t, got, c.want, c.not)
		})
	}
}
