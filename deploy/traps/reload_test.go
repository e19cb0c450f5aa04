package traps_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
)

// configMap is a mounted ConfigMap as the kubelet writes one: files are links to
// ..data/FILE, ..data is a link to a folder with a time in its name, and an update
// renames a new link over ..data.
type configMap struct {
	t   *testing.T
	dir string
	n   int
}

func newConfigMap(t *testing.T, files map[string]string) *configMap {
	m := &configMap{t: t, dir: filepath.Join(folder(t), "config")}
	if err := os.Mkdir(m.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	m.update(files)
	return m
}

// update does what the kubelet's AtomicWriter does, in its order.
func (m *configMap) update(files map[string]string) {
	m.t.Helper()
	m.n++
	data, link, fresh := filepath.Join(m.dir, "..data"), filepath.Join(m.dir, "..data_tmp"), "..2026_01_02_03_04_05."+strings.Repeat("1", m.n)
	old, _ := os.Readlink(data)
	do := func(err error) {
		if err != nil {
			m.t.Fatal(err)
		}
	}
	do(os.Mkdir(filepath.Join(m.dir, fresh), 0o755))
	for name, text := range files {
		writeFile(m.t, filepath.Join(m.dir, fresh, name), text, 0o644)
	}
	do(os.Symlink(fresh, link))
	do(os.Rename(link, data))
	for name := range files {
		if _, err := os.Lstat(filepath.Join(m.dir, name)); err != nil {
			do(os.Symlink("..data/"+name, filepath.Join(m.dir, name)))
		}
	}
	entries, err := os.ReadDir(m.dir)
	do(err)
	for _, e := range entries { // links to what is no more
		if _, wanted := files[e.Name()]; !wanted && !strings.HasPrefix(e.Name(), "..") {
			do(os.Remove(filepath.Join(m.dir, e.Name())))
		}
	}
	if old != "" {
		do(os.RemoveAll(filepath.Join(m.dir, old)))
	}
}

// A ConfigMap is swapped five times, twice within 100 ms: what it says last is in
// force within two seconds, each time, and nothing else is touched.
func TestT54ConfigMapSwap(t *testing.T) {
	t.Parallel()
	text := func(value string) map[string]string {
		return map[string]string{
			"a.yaml": manifestHead + "  processes: [{name: stays, command: [sleep, '1000']}]\n",
			"b.yaml": manifestHead + "  processes: [{name: web, command: [sleep, '1001'], env: [{name: V, value: " + value + "}], terminationGracePeriodSeconds: 1}]\n",
		}
	}
	m := newConfigMap(t, text("v0"))
	in := launch(t, launching{manifest: m.dir}).up()
	stays := in.becomes("stays", supervisor.StatusRunning)
	in.becomes("web", supervisor.StatusRunning)
	for _, value := range []string{"v1", "v2 v3", "v4", "v5"} {
		swaps := strings.Fields(value)
		for i, v := range swaps {
			if i > 0 {
				<-time.After(50 * time.Millisecond)
			}
			m.update(text(v))
		}
		swapped, last := time.Now(), "V="+swaps[len(swaps)-1]
		eventually(t, last+" is in force", func() bool {
			return slices.ContainsFunc(having(last), func(p proc) bool { return ofInstance(p, in.mark) && slices.Contains(p.args, "1001") })
		})
		if took := time.Since(swapped); took > 2*time.Second {
			t.Errorf("%s is in force after %s", last, took)
		}
		if n := len(in.marked("1001")); n != 1 {
			t.Errorf("%d of them live", n)
		}
	}
	if now := in.status("stays"); now == nil || now.Run != stays.Run || *now.PID != *stays.PID {
		t.Errorf("what did not change was touched: %+v", now)
	}
	in.signal(syscall.SIGTERM)
	in.ends(5 * time.Second)
}

// wrongs are manifests that are refused, each with a word of the error.
func wrongs() map[string]string {
	const web = "    - {name: web, command: [sleep, '1000']}\n"
	return map[string]string{
		"  processes:\n" + web + "  - [\n":                        "yaml",
		"  processes:\n" + web + "    - {name: x, comand: [x]}\n": "did you mean",
		"  processes:\n" + web + web:                              "web",
		"  processes:\n" + web + "    - {name: a, command: [x], dependsOn: [{name: b}]}\n    - {name: b, command: [x], dependsOn: [{name: a}]}\n": "cycle",
		"  processes:\n": "processes",
	}
}

// A bad file takes nothing down at a reload: the old set stays, and the error stands in
// the log, in the API and as a metric. At the start it is the end, with code 78.
func TestT57BadManifest(t *testing.T) {
	t.Parallel()
	const good = "  processes:\n    - {name: web, command: [sleep, '1000']}\n"
	in := launch(t, launching{spec: good, args: []string{"-metrics-addr", "127.0.0.1:0"}}).up()
	before := in.becomes("web", supervisor.StatusRunning)
	const metric = "processmanager_manifest_last_reload_successful"
	if n := in.metric(metric); n != 1 {
		t.Errorf("%s is %v at first", metric, n)
	}
	told := func() *supervisor.ManifestInfo {
		var info supervisor.ManifestInfo
		if err := in.api.Call(t.Context(), "manifest.get", nil, &info); err != nil {
			t.Fatal(err)
		}
		return &info
	}
	for spec, word := range wrongs() {
		refusals := strings.Count(in.out.String(), "the manifest is refused")
		in.write(spec)
		eventually(t, "the API tells of "+word, func() bool { return strings.Contains(told().Error, word) })
		if n := in.metric(metric); n != 0 {
			t.Errorf("%s: %s is %v", word, metric, n)
		}
		eventually(t, "the log tells of "+word, func() bool { return strings.Count(in.out.String(), "the manifest is refused") > refusals })
		if info := told(); len(info.Processes) != 1 || info.Processes[0].Name != "web" {
			t.Errorf("%s: in force are %v", word, info.Processes)
		}
		if now := in.status("web"); now == nil || now.Run != before.Run || now.Status != supervisor.StatusRunning {
			t.Errorf("%s: web is %+v", word, now)
		}
		if code, out := validate(t, manifestHead+spec); code != 78 || !strings.Contains(out, word) {
			t.Errorf("validate: %d: %s", code, out)
		}
		first := launch(t, launching{spec: spec})
		if code := first.code(); code != 78 || !strings.Contains(first.out.String(), word) {
			t.Errorf("%s: at the start the code is %d", word, code)
		}
		// Nobody has made a request.
		if why := told().Error; strings.Contains(why, "invalid request") || strings.Contains(in.out.String(), "invalid request") {
			t.Errorf("%s is told as a request: %s\n%s", word, why, in.out.String())
		}
		in.write(good)
		eventually(t, "the good one is in force again", func() bool { return told().Error == "" && in.metric(metric) == 1 })
	}
	if now := in.status("web"); now == nil || now.Run != before.Run {
		t.Errorf("web is %+v", now)
	}
}

// What is removed from the manifest is stopped, what is renamed is another process, and
// what a caller has made stays.
func TestT61RemoveRenameKeep(t *testing.T) {
	t.Parallel()
	in := launch(t, launching{spec: `
  exitPolicy: Never
  processes:
    - {name: stays, command: [sleep, "1000"]}
    - {name: removed, command: [sleep, "1001"]}
    - {name: old-name, command: [sleep, "1002"]}
`}).up()
	if _, err := in.api.Start(t.Context(), client.StartParams{Name: "made", Command: "exec sleep 1003"}); err != nil {
		t.Fatal(err)
	}
	pids := map[string]int{}
	for _, name := range []string{"stays", "removed", "old-name", "made"} {
		pids[name] = *in.becomes(name, supervisor.StatusRunning).PID
	}
	eventually(t, "all of them sleep", func() bool {
		return len(in.marked("1000")) == 1 && len(in.marked("1001")) == 1 && len(in.marked("1002")) == 1 && len(in.marked("1003")) == 1
	})
	renamed := in.marked("1002")[0].pid
	in.write(`
  exitPolicy: Never
  processes:
    - {name: stays, command: [sleep, "1000"]}
    - {name: new-name, command: [sleep, "1002"]}
`)
	in.becomes("new-name", supervisor.StatusRunning)
	eventually(t, "the old ones are forgotten", func() bool { return in.status("removed") == nil && in.status("old-name") == nil })
	eventually(t, "the renamed one is executed", func() bool { return len(in.marked("1002")) == 1 })
	if n := len(in.marked("1001")); n != 0 {
		t.Errorf("%d of the removed one live", n)
	}
	if list := in.marked("1002"); len(list) != 1 || list[0].pid == renamed {
		t.Errorf("under the new name there is %v, under the old one was %d", list, renamed)
	}
	for _, name := range []string{"stays", "made"} {
		if info := in.status(name); info == nil || info.PID == nil || *info.PID != pids[name] {
			t.Errorf("%s was touched: %+v", name, info)
		}
	}
	// Unless it is asked: nothing of it stays when it is deleted.
	if err := in.api.Delete(t.Context(), "made"); err != nil || len(in.marked("1003")) != 0 {
		t.Errorf("delete: %v, and %d live", err, len(in.marked("1003")))
	}
}
