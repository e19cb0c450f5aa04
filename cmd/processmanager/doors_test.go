package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket" //nolint:depguard // a browser is played here
	"github.com/google/go-cmp/cmp"
)

const secretOfDoors = "mysecretkey"

// guarded is a manager with every door open and a secret.
func guarded(t *testing.T, more ...string) *instance {
	t.Helper()
	dir := shortDir(t)
	file := filepath.Join(dir, "secret")
	if err := os.WriteFile(file, []byte(secretOfDoors+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return launch(t, launching{
		dir: dir,
		args: []string{
			"-secret-file", file, "-telnet-addr", "127.0.0.1:0", "-rpc-addr", "127.0.0.1:0", "-metrics-addr", "127.0.0.1:0", "-log-dir", dir,
		},
		manifest: `
  processes:
    - {name: web, command: [sleep, "1000"], essential: true}
    - {name: report, command: [/bin/true], schedule: "30 2 * * *"}
    - {name: burner, command: "while :; do sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'; done"}
` + strings.Join(more, ""),
	}).up()
}

// The dialogue of the documentation, byte for byte.
func TestTelnetDialogue(t *testing.T) {
	t.Parallel()
	in := guarded(t)
	for _, network := range []string{"unix", "tcp"} {
		addr := in.socket
		if network == "tcp" {
			addr = in.addr("telnet-addr")
		}
		conn, err := net.Dial(network, addr)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		name := "myprocess-" + network
		tell := " ** Welcome: you are not authenticated, provide secret.\n" +
			"> " + secretOfDoors + "\n" +
			" ** Welcome: you are authenticated.\n" +
			"> !!process.start name:'" + name + "' command:'echo hello world' log:true jobid:'e42'\n" +
			"> \n" +
			"\n**RESULT** e42\nProcess '" + name + "' started\n**ENDRESULT**\n" +
			"> !!process.stop name:nobody\n" +
			"> \n" +
			"\n**RESULT**\nError: cannot stop \"nobody\": no such process\n**ENDRESULT**\n" +
			"> !!quit\n" +
			"> \n" +
			"\n**RESULT**\nBye\n**ENDRESULT**\n"
		for line := range strings.Lines(tell) {
			if said, ok := strings.CutPrefix(line, "> "); ok {
				if _, err := io.WriteString(conn, said); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if got := readLine(t, conn); got != line {
				t.Errorf("%s: got %q, want %q", network, got, line)
			}
		}
		if rest, err := io.ReadAll(conn); err != nil || len(rest) > 0 {
			t.Errorf("%s: behind the end: %q, %v", network, rest, err)
		}
		conn.Close()
		in.awaitOut(name + " | hello world\n")
		eventually(t, "the log file is written", func() bool {
			data, err := os.ReadFile(filepath.Join(in.dir, name+".log"))
			return err == nil && strings.Contains(string(data), "hello world")
		})
	}
	in.end()
}

// readLine reads one line, without the telnet protocol's own bytes and CR.
func readLine(t *testing.T, conn net.Conn) string {
	t.Helper()
	var line []byte
	one := make([]byte, 1)
	next := func() byte {
		if _, err := io.ReadFull(conn, one); err != nil {
			t.Fatalf("behind %q: %v", line, err)
		}
		return one[0]
	}
	for {
		switch b := next(); b {
		case 0xFF: // IAC, verb, option
			next()
			next()
		case '\r':
		case '\n':
			return string(line) + "\n"
		default:
			line = append(line, b)
		}
	}
}

// The commands of the documentation, as an operator types them.
func TestClientCommands(t *testing.T) {
	t.Parallel()
	in := guarded(t)
	client := func(args ...string) (string, int) {
		return in.pmclient(append([]string{"-secret-file", filepath.Join(in.dir, "secret")}, args...)...)
	}
	for _, c := range []struct {
		args []string
		want string // a regular expression over the whole output
		code int
	}{
		{[]string{"start", "-name", "job", "-command", "echo hi; sleep 1000", "-log", "-deadline", "60", "-jobid", "e1"}, `Process 'job' started`, 0},
		{[]string{"start", "-name", "nightly", "-command", "true", "-cron", "0 3 * * *"}, `Process 'nightly' (started|scheduled.*)`, 0},
		{[]string{"start", "-name", "job", "-command", "true"}, `pmclient: cannot start "job": process already exists .*`, 1},
		{[]string{"status", "-name", "job"}, `(?s).*running.*`, 0},
		{[]string{"status", "-name", "job", "-format", "json"}, `\{"name":"job",.*"status":"running".*"deadline":60.*\}`, 0},
		{[]string{"list"}, `(?s)NAME .*\nburner .*\njob .*\nnightly .*\nreport .*\nweb .*`, 0},
		{[]string{"logs", "-name", "job", "-lines", "10"}, `hi`, 0},
		{[]string{"restart", "-name", "job"}, `Process 'job' restarted`, 0},
		{[]string{"stop", "job", "nightly"}, "Process 'job' stopped\nProcess 'nightly' stopped", 0},
		{[]string{"start", "job"}, `Process 'job' started`, 0},
		{[]string{"delete", "-name", "job"}, `Process 'job' deleted`, 0},
		{[]string{"status", "job"}, `pmclient: cannot show "job": no such process`, 1},
		{[]string{"nonsense"}, `(?s).*no command "nonsense".*`, 2},
	} {
		out, code := client(c.args...)
		if code != c.code || !regexp.MustCompile("^"+c.want+"$").MatchString(out) {
			t.Errorf("pmclient %q ended with %d (want %d):\n%s\nwant: %s", c.args, code, c.code, out, c.want)
		}
	}
	// Over TCP too, and the ways to be refused.
	tcp := exec.Command(pmclient(t), "-rpc", "http://"+in.addr("rpc-addr"), "list")
	tcp.Env = append(cleanEnviron(), "PM_SECRET_FILE="+filepath.Join(in.dir, "secret"))
	if out, err := tcp.CombinedOutput(); err != nil || !strings.Contains(string(out), "web") {
		t.Errorf("over TCP: %v: %s", err, out)
	}
	if out, code := in.pmclient("list"); code != 3 {
		t.Errorf("without the secret: %d: %s", code, out)
	}
	in.end()
	if out, code := client("list"); code != 3 {
		t.Errorf("when it has ended: %d: %s", code, out)
	}
}

// The tour of the README works as it is printed, on the example that it runs.
func TestReadmeTour(t *testing.T) {
	t.Parallel()
	const root = "../../"
	readme, err := os.ReadFile(root + "README.md")
	if err != nil {
		t.Fatal(err)
	}
	in := launch(t, launching{args: []string{"-manifest", root + "deploy/examples/quickstart.yaml"}}).up()
	in.awaitOut("web | served a request")
	ran := 0
	for line := range strings.Lines(string(readme)) {
		line = strings.TrimSpace(line)
		var cmd *exec.Cmd
		switch {
		case strings.HasPrefix(line, "./pmclient ") && !strings.Contains(line, "-secret"):
			cmd = exec.Command("sh", "-c", strings.Replace(line, "./pmclient", pmclient(t), 1))
			cmd.Env = append(cleanEnviron(), "PM_SOCKET="+in.socket)
		case strings.HasPrefix(line, "./processmanager validate "):
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd = exec.Command("sh", "-c", strings.Replace(line, "./processmanager", exe, 1))
			cmd.Env = append(cleanEnviron(), roleVar+"=manager")
			cmd.Dir = root
		default:
			continue
		}
		ran++
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", line, err, out)
		}
	}
	if ran < 8 {
		t.Errorf("the README shows %d commands, too few to be true", ran)
	}
	in.end()
}

// The API over HTTP, as curl sends it.
func TestAPIByCurl(t *testing.T) {
	t.Parallel()
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	in := guarded(t)
	ask := func(where []string, body string) string {
		args := append([]string{
			"-sS", "-m", "20", "-w", "%{http_code}", "-H", "Authorization: Bearer " + secretOfDoors, "-H", "Content-Type: application/json", "-d", body,
		}, where...)
		out, err := exec.Command(curl, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("curl: %v: %s", err, out)
		}
		return string(out)
	}
	for _, where := range [][]string{
		{"--unix-socket", filepath.Join(in.dir, "pm-rpc.sock"), "http://localhost/rpc"}, {"http://" + in.addr("rpc-addr") + "/rpc"},
	} {
		for _, c := range []struct{ body, want string }{
			{`{"jsonrpc":"2.0","id":1,"method":"process.status","params":{"name":"web"}}`, `{"jsonrpc":"2.0","id":1,"result":{"name":"web","command":"sleep 1000","pid":`},
			{`{"jsonrpc":"2.0","id":2,"method":"process.stop","params":{"name":"nobody"}}`, `{"jsonrpc":"2.0","id":2,"error":{"code":-32001,"message":"cannot stop \"nobody\": no such process","data":{"reason":"NotFound","name":"nobody"}}}` + "\n200"},
			{`{"jsonrpc":"2.0","method":"process.list"}`, "204"},
			{`[]`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600`},
			{`{`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32700`},
			{`[{"jsonrpc":"2.0","id":"a","method":"process.logs","params":["web"]},{"jsonrpc":"2.0","id":"b","method":"none"}]`, `[{"jsonrpc":"2.0","id":"a","result":[]},{"jsonrpc":"2.0","id":"b","error":{"code":-32601`},
		} {
			if got := ask(where, c.body); !strings.HasPrefix(got, c.want) {
				t.Errorf("%s\n got %s\nwant %s", c.body, got, c.want)
			}
		}
	}
	res, err := http.Post("http://"+in.addr("rpc-addr")+"/rpc", "application/json", strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("without the secret: %s", res.Status)
	}
	in.end()
}

// A browser's way: a WebSocket whose first message authenticates.
func TestWebSocket(t *testing.T) {
	t.Parallel()
	in := guarded(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "ws://"+in.addr("rpc-addr")+"/rpc", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	for _, c := range []struct{ send, want string }{
		{`{"jsonrpc":"2.0","id":1,"method":"process.status","params":{"name":"web"}}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32008`},
		{`{"jsonrpc":"2.0","id":2,"method":"session.authenticate","params":{"secret":"` + secretOfDoors + `"}}`, `{"jsonrpc":"2.0","id":2,"result":{"role":"operator"}}`},
		{`{"jsonrpc":"2.0","id":3,"method":"process.status","params":{"name":"web"}}`, `{"jsonrpc":"2.0","id":3,"result":{"name":"web","command":"sleep 1000"`},
	} {
		if err := ws.Write(ctx, websocket.MessageText, []byte(c.send)); err != nil {
			t.Fatal(err)
		}
		_, got, err := ws.Read(ctx)
		if err != nil {
			t.Fatalf("behind %s: %v", c.send, err)
		}
		if !strings.HasPrefix(string(got), c.want) {
			t.Errorf("%s\n got %s\nwant %s", c.send, got, c.want)
		}
	}
	in.signal(syscall.SIGTERM)
	if _, _, err := ws.Read(ctx); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("at the end: %v, want the status going away", err)
	}
	if code := in.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// Health and metrics of the same manager; CPU and memory are those of the tree
// (T92: a shell that only waits for its children shows what they burn).
func TestMetricsAndHealth(t *testing.T) {
	t.Parallel()
	in := guarded(t)
	addr := in.addr("metrics-addr")
	eventually(t, "it is ready", func() bool { code, _ := in.get(addr, "/readyz"); return code == http.StatusOK })
	for page, want := range map[string]string{
		"/livez": "200 ok\n", "/startupz": "200 ok\n", "/readyz/web": "200 ok\n",
		"/readyz/nobody": "404 [-]nobody failed: no such process\nreadyz check failed\n",
	} {
		code, body := in.get(addr, page)
		if diff := cmp.Diff(want, strconv.Itoa(code)+" "+body); diff != "" {
			t.Errorf("%s (-want +got):\n%s", page, diff)
		}
	}
	value := func(series string) float64 {
		_, page := in.get(addr, "/metrics")
		for line := range strings.Lines(page) {
			if text, ok := strings.CutPrefix(line, series+" "); ok {
				f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
				if err != nil {
					t.Fatal(err)
				}
				return f
			}
		}
		t.Fatalf("there is no %s in\n%s", series, page)
		return 0
	}
	const cpu = `processmanager_process_cpu_seconds_total{mode="user",name="burner"}`
	eventually(t, "the children's CPU is counted", func() bool { return value(cpu) > 0.3 })
	before := value(cpu)
	if n := value(`processmanager_process_resident_memory_bytes{name="burner"}`); n < 100<<10 {
		t.Errorf("resident memory is %v", n)
	}
	if n := value(`processmanager_process_state{name="report",state="scheduled"}`); n != 1 {
		t.Errorf("report scheduled: %v", n)
	}
	if out, code := in.pmclient("-secret", secretOfDoors, "restart", "burner"); code != 0 {
		t.Fatalf("%d: %s", code, out)
	}
	if after := value(cpu); after < before {
		t.Errorf("CPU went back over a restart: %v, then %v", before, after)
	}
	in.end()
}

func TestHealthcheck(t *testing.T) {
	t.Parallel()
	in := guarded(t, `
    - {name: unready, command: [sleep, "1000"], readinessProbe: {tcpSocket: {port: 1}, periodSeconds: 600}}
    - {name: twin, replicas: 2, command: [sleep, "1000"]}
`)
	check := func(args ...string) (int, string) {
		var stdout, stderr bytes.Buffer
		code := run(append([]string{"healthcheck"}, args...), nil, &stdout, &stderr)
		return code, stdout.String() + stderr.String()
	}
	fromWindows := filepath.Join(in.dir, "crlf")
	if err := os.WriteFile(fromWindows, []byte(secretOfDoors+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := map[string][]string{
		"API, CR LF":       {"-socket", in.socket, "-secret-file", fromWindows},
		"health page":      {"-metrics-addr", in.addr("metrics-addr")},
		"health page, any": {"-metrics-addr", strings.Replace(in.addr("metrics-addr"), "127.0.0.1", "0.0.0.0", 1)},
		"API":              {"-socket", in.socket, "-secret-file", filepath.Join(in.dir, "secret")},
	}
	for name, args := range good {
		if code, text := check(args...); code != 0 || text != "ok\n" {
			t.Errorf("%s: %d: %s", name, code, text)
		}
	}
	page := "-metrics-addr=" + in.addr("metrics-addr")
	for _, tt := range []struct {
		args []string
		code int
		text string
	}{
		{[]string{"livez", page}, 0, "ok\n"},
		{[]string{"startupz", page}, 0, "ok\n"},
		{[]string{page, "readyz/web"}, 0, "ok\n"},
		{[]string{"readyz/twin", page}, 0, "ok\n"},
		{[]string{"readyz", page}, 1, "[-]unready failed: running, not ready\n"},
		{[]string{"readyz/unready", page}, 1, "[-]unready failed: running, not ready\n"},
		{[]string{"readyz/nobody", page}, 1, "404 Not Found: [-]nobody failed: no such process\n"},
		{[]string{"livez", "-socket", in.socket, "-secret", secretOfDoors}, 0, "ok\n"},
		{[]string{"readyz", "-socket", in.socket, "-secret", secretOfDoors}, 1, "not healthy: readyz is asked at the health page: give it by -metrics-addr"},
		{[]string{"ready", page}, exitUsage, `"ready" is no page of the health (want livez, readyz, readyz/NAME or startupz)`},
		{[]string{"readyz/../metrics", page}, exitUsage, "name"},
		{[]string{"readyz", "startupz", page}, exitUsage, "one argument too many"},
	} {
		if code, text := check(tt.args...); code != tt.code || !strings.Contains(text, tt.text) {
			t.Errorf("%q: %d: %s, want %d: %s", tt.args, code, text, tt.code, tt.text)
		}
	}
	if code, text := check("-socket", in.socket, "-secret", "wrong"); code != 1 || strings.Contains(text, "wrong-") {
		t.Errorf("wrong secret: %d: %s", code, text)
	}
	in.end()
	for name, args := range good {
		if code, text := check(args...); code != 1 || !strings.HasPrefix(text, "processmanager: not healthy: ") {
			t.Errorf("%s, when it has ended: %d: %s", name, code, text)
		}
	}
}

// A probe works against a metrics port with TLS, and where clients must have a
// certificate. A web config that cannot be used ends the start.
func TestMetricsWebConfig(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	path := filepath.Join(dir, "web.yml")
	put := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=shop.example",
		"-days", "2", "-keyout", filepath.Join(dir, "tls.key"), "-out", filepath.Join(dir, "tls.crt")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	check := func(in *instance) (int, string) {
		var stdout, stderr bytes.Buffer
		code := run([]string{"healthcheck", "-metrics-addr", in.addr("metrics-addr"), "-metrics-web-config-file", path, "-socket", in.socket}, nil, &stdout, &stderr)
		return code, stdout.String() + stderr.String()
	}
	const pair = "tls_server_config:\n  cert_file: tls.crt\n  key_file: tls.key\n"
	for _, text := range []string{pair, pair + "  client_ca_file: tls.crt\n  client_auth_type: RequireAndVerifyClientCert\n"} {
		put(text)
		in := launch(t, launching{
			dir: dir, manifest: "  processes: [{name: web, command: [sleep, \"1000\"]}]\n",
			args: []string{"-metrics-addr", "127.0.0.1:0", "-metrics-web-config-file", path},
		}).up()
		if code, text := check(in); code != 0 || text != "ok\n" {
			t.Errorf("%d: %s", code, text)
		}
		if _, err := http.Get("https://" + in.addr("metrics-addr") + "/livez"); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("an unknown certificate: %v", err)
		}
		in.end()
		if code, text := check(in); code != 1 {
			t.Errorf("when it has ended: %d: %s", code, text)
		}
	}
	put(pair + "  key_fil: x\nbasic_auth_users: {bob: planted}\n")
	in := launch(t, launching{dir: dir, args: []string{"-metrics-addr", "127.0.0.1:0", "-metrics-web-config-file", path}})
	if code, said := in.code(), in.stderr.String(); code != exitUsage || !strings.Contains(said, path+`:4: tls_server_config.key_fil: unknown key (did you mean "key_file"?)`) ||
		!strings.Contains(said, path+":5: basic_auth_users.bob") || strings.Contains(said, "planted") {
		t.Errorf("%d: %s", code, said)
	}
}

// pmclient runs the client and returns what it printed, and its exit code.
func (in *instance) pmclient(args ...string) (string, int) {
	in.t.Helper()
	cmd := exec.Command(pmclient(in.t), append([]string{"-socket", in.socket}, args...)...)
	cmd.Env = cleanEnviron()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		in.t.Fatal(err)
	}
	return strings.TrimSuffix(string(out), "\n"), cmd.ProcessState.ExitCode()
}

// call asks the API, and returns the result or the error, as JSON.
func (in *instance) call(method string, params any) (result, failure json.RawMessage) {
	in.t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		in.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, "http://"+in.addr("rpc-addr")+"/rpc", bytes.NewReader(body))
	if err != nil {
		in.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+secretOfDoors)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		in.t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct{ Result, Error json.RawMessage }
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		in.t.Fatal(err)
	}
	return answer.Result, answer.Error
}
