package page_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
)

// A manager is the program itself, with real processes.
type manager struct {
	t    *testing.T
	args []string
	cmd  *exec.Cmd
	path string
}

const realManifest = `apiVersion: processmanager/v1
kind: ProcessManifest
metadata: {name: page}
spec:
  processes:
    - name: web
      labels: {tier: front}
      command: "sleep 300 & echo web begins; while :; do echo tick; sleep 0.2; done"
      killMode: Tree
    - name: flood
      command: ["yes", "a line of a flood that never ends, 0123456789"]
    - name: crash
      command: "echo last words >&2; exit 3"
    - name: broken
      command: [/no/such/program]
      maxRestarts: 0
    - name: report
      command: "echo reported"
      schedule: "0 0 1 1 *"
    - name: blocked
      command: [sleep, "60"]
      dependsOn: [{name: report, condition: Completed}]
    - name: unready
      command: [sleep, "60"]
      readinessProbe: {tcpSocket: {port: 1}, periodSeconds: 1}
`

func startManager(t *testing.T) (m *manager, url string) {
	t.Helper()
	dir := shortDir(t)
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	m = &manager{t: t, path: filepath.Join(dir, "processmanager")}
	if out, err := exec.Command("go", "build", "-o", m.path, "../../cmd/processmanager").CombinedOutput(); err != nil {
		t.Fatalf("cannot build: %v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	m.args = []string{
		"-manifest", write("manifest.yaml", realManifest), "-socket", filepath.Join(dir, "pm.sock"), "-rpc-addr", addr,
		"-secret-file", write("secret", operatorSecret+"\n"), "-log-format", "raw",
	}
	m.start()
	t.Cleanup(m.stop)
	return m, "http://" + addr + "/"
}

func (m *manager) start() {
	m.t.Helper()
	m.cmd = exec.Command(m.path, m.args...)
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := m.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
}

func (m *manager) stop() {
	if m.cmd.ProcessState != nil {
		return
	}
	_ = m.cmd.Process.Signal(syscall.SIGTERM)
	ended := make(chan error, 1)
	go func() { ended <- m.cmd.Wait() }()
	select {
	case <-ended:
	case <-time.After(patience):
		m.t.Error("the manager does not end")
		_ = m.cmd.Process.Kill()
		<-ended
	}
}

// The page over the program itself: real states, a real restart, a flood, and a manager
// that goes away and comes back.
func TestRealManager(t *testing.T) {
	m, url := startManager(t)
	p := open(t, url, "WebSocket connection to", "ERR_CONNECTION_REFUSED", "Failed to load resource")
	p.await(`!document.querySelector('#login').hidden || document.querySelector('#banner')`)
	p.signIn(operatorSecret)
	for name, want := range map[string]string{
		"web": "running", "crash": "backoff", "broken": "failed", "report": "scheduled", "blocked": "pending", "unready": "not ready",
	} {
		p.see(fmt.Sprintf(row, name)+" .c-state", want)
	}
	p.see(fmt.Sprintf(row, "crash")+" .c-end", "exit 3")
	p.see(fmt.Sprintf(row, "broken")+" .c-end", "BackoffLimitExceeded")
	p.await(`document.querySelector('#rows tr[data-name=web] .mem .line').getAttribute('d')`) // a plot
	p.shoot("real-list")

	p.keys(kb.End, kb.Enter)
	p.see("#d-name", "web")
	p.see("#log", "tick")
	p.see("#d-tree", "└ ")
	before := eval[int](p, `model.processes.get('web').info.pid`)
	p.keys("r")
	p.see("#ask", "Restart web?")
	p.keys(kb.Enter)
	p.see("#toasts", "web restarted")
	p.await(fmt.Sprintf(`model.processes.get('web').info.pid > 0 && model.processes.get('web').info.pid !== %d`, before))
	p.see("#log", "run 2")
	p.see("#d-runs", "StoppedByUser")
	p.shoot("real-process")

	// A flood: what cannot be read is counted, and the page stays quick.
	eval[string](p, `location.hash = '#/process/flood'`)
	p.see("#log", "a line of a flood")
	p.await(`log.count > 20000`)
	if late := eval[float64](p, `new Promise(done => { const t = performance.now(); requestAnimationFrame(() => setTimeout(() => done(performance.now() - t))) })`); late > 3000 {
		t.Errorf("in a flood the page takes %.0f ms for one frame", late)
	}
	if n := eval[int](p, `log.lines.length`); n > 5500 {
		t.Errorf("%d lines are kept", n)
	}
	p.keys(kb.Escape)
	p.see("#rows", "web")

	m.stop()
	p.see("#banner", "What you see is from")
	m.start()
	p.see("#link", "live")
	p.see(fmt.Sprintf(row, "web")+" .c-state", "running")
}
