package main

import (
	"encoding/json"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
)

// reluctant takes a second to end when it is asked.
const reluctant = `[sh, -c, "trap 'sleep 1; echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done"], terminationGracePeriodSeconds: 20}` + "\n"

// slowToStop runs one reluctant process for each name.
func slowToStop(t *testing.T, names ...string) (*instance, *client.Client) {
	t.Helper()
	manifest := "\n  processes:\n"
	for _, name := range names {
		manifest += "    - {name: " + name + ", command: " + reluctant
	}
	in := launch(t, launching{manifest: manifest}).up()
	api, err := client.New(client.Options{Socket: supervisor.RPCSocketFor(in.socket)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	for _, name := range names {
		eventually(t, name+" has set its trap", func() bool {
			lines, err := api.Logs(t.Context(), client.LogsParams{Name: name})
			return err == nil && len(lines) > 0
		})
	}
	return in, api
}

// Whoever asks for a stop and is killed meanwhile has stopped the process, in its own
// time, and nobody else has waited.
func TestT89ClientIsKilledInTheMiddleOfAStop(t *testing.T) {
	t.Parallel()
	in, api := slowToStop(t, "by-pmclient", "by-http", "by-telnet", "by-websocket")
	rpcSocket := supervisor.RPCSocketFor(in.socket)
	killable := func(stdin string, argv ...string) func() {
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Env = cleanEnviron()
		if stdin != "" {
			pipe, err := cmd.StdinPipe() // stays open
			if err != nil {
				t.Fatal(err)
			}
			if _, err := pipe.Write([]byte(stdin)); err != nil {
				t.Fatal(err)
			}
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	}
	for name, begin := range map[string]func() func(){
		"by-pmclient": func() func() {
			return killable("", pmclient(t), "-socket", in.socket, "stop", "by-pmclient")
		},
		"by-http": func() func() {
			return killable("", "curl", "-s", "--unix-socket", rpcSocket, "http://localhost/rpc", "-H", "Content-Type: application/json",
				"-d", `{"jsonrpc":"2.0","id":1,"method":"process.stop","params":{"name":"by-http"}}`)
		},
		"by-telnet": func() func() {
			return killable("!!process.stop name:by-telnet\n\n", "socat", "-", "UNIX-CONNECT:"+in.socket)
		},
		"by-websocket": func() func() {
			conn, err := net.Dial("unix", rpcSocket)
			if err != nil {
				t.Fatal(err)
			}
			const call = `{"jsonrpc":"2.0","id":1,"method":"process.stop","params":["by-websocket"]}`
			frame := append([]byte{0x81, 0x80 | byte(len(call)), 0, 0, 0, 0}, call...) // text, masked with zeros
			if _, err := conn.Write(append([]byte("GET /rpc HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
				"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"), frame...)); err != nil {
				t.Fatal(err)
			}
			return func() { _ = conn.Close() }
		},
	} {
		kill := begin()
		eventually(t, name+" is being stopped", func() bool {
			began := time.Now()
			info, err := api.Status(t.Context(), name)
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("somebody else waited for %s", took)
			}
			return err == nil && info.Status == supervisor.StatusStopping
		})
		kill()
		eventually(t, name+" is stopped", func() bool {
			info, err := api.Status(t.Context(), name)
			return err == nil && info.Status == supervisor.StatusStopped && info.ExitCode != nil && *info.ExitCode == 0
		})
		lines, err := api.Logs(t.Context(), client.LogsParams{Name: name})
		if err != nil || len(lines) != 2 || lines[1].Msg != "bye" {
			t.Errorf("%s had not its time: %v, %v", name, lines, err)
		}
	}
	in.end()
}

// Whoever does not want to wait is answered at once, through each door, and is told
// at once what is refused.
func TestT89WithoutWaiting(t *testing.T) {
	t.Parallel()
	in, api := slowToStop(t, "by-pmclient", "by-api", "by-telnet", "by-go")
	inNoTime := supervisor.NoWait(t.Context())
	for name, stop := range map[string]func(){
		"by-pmclient": func() {
			out, code := in.pmclient("stop", "-wait=false", "by-pmclient")
			if code != 0 || out != "Process 'by-pmclient' is being stopped" {
				t.Errorf("pmclient: %d %s", code, out)
			}
		},
		"by-api": func() {
			var info supervisor.ProcessInfo
			err := api.Call(t.Context(), "process.stop", map[string]any{"name": "by-api", "wait": false}, &info)
			if err != nil || info.Status != supervisor.StatusStopping || info.PID == nil {
				t.Errorf("the API: %+v, %v", info, err)
			}
		},
		"by-telnet": func() {
			var info supervisor.ProcessInfo
			answer := in.telnetWith("", "!!process.stop name:by-telnet wait:false format:json")
			if err := json.Unmarshal([]byte(answer), &info); err != nil || info.Status != supervisor.StatusStopping {
				t.Errorf("telnet: %s, %v", answer, err)
			}
		},
		"by-go": func() {
			info, err := api.Stop(inNoTime, "by-go")
			if err != nil || info.Status != supervisor.StatusStopping {
				t.Errorf("Go: %+v, %v", info, err)
			}
		},
	} {
		stop()
		if info, err := api.Status(t.Context(), name); err != nil || info.Status != supervisor.StatusStopping {
			t.Errorf("%s: behind the answer %+v, %v", name, info, err)
		}
		if info, err := api.Wait(t.Context(), client.WaitParams{Name: name, Condition: supervisor.WaitEnded}); err != nil || info.Status != supervisor.StatusStopped {
			t.Errorf("%s: at the end %+v, %v", name, info, err)
		}
		if _, err := api.Stop(inNoTime, name); err == nil || !strings.Contains(err.Error(), supervisor.ErrNotRunning.Error()) {
			t.Errorf("%s: a stop that is refused: %v", name, err)
		}
	}
	if info, err := api.Start(inNoTime, client.StartParams{Name: "new", Command: "sleep 1000"}); err != nil || info.Name != "new" {
		t.Errorf("start: %+v, %v", info, err)
	}
	if _, err := api.Wait(t.Context(), client.WaitParams{Name: "new", Condition: supervisor.WaitRunning}); err != nil {
		t.Error(err)
	}
	if out := in.telnetWith("", "!!process.restart name:new wait:false"); out != "Process 'new' is being restarted" {
		t.Error(out)
	}
	if err := api.Delete(inNoTime, "new"); err != nil {
		t.Error(err)
	}
	if _, err := api.Wait(t.Context(), client.WaitParams{Name: "new", Condition: supervisor.WaitDeleted}); err != nil {
		t.Error(err)
	}
	in.end()
}
