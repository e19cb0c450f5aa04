"""Drives a manager through the client.

Run it as: python3 -m unittest tests.test_live. PM_BINARY is the manager; PM_CERTS a directory with ca.pem, cert.pem and key.pem for
127.0.0.1; the test in Go beside this directory makes both.
"""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from datetime import datetime, timedelta, timezone

import processmanager_client as pm
from processmanager_client._codec import decode, encode, parse_time
from processmanager_client._websocket import ConnectionEnded, WebSocket

MANIFEST = """apiVersion: processmanager/v1
kind: ProcessManifest
metadata: {name: live}
spec:
  exitPolicy: Never
  processes:
  - {name: web, labels: {tier: front}, command: "while :; do read -t 1 x; done", terminationGracePeriodSeconds: 1, livenessProbe: {exec: {command: [/bin/true]}}}
  - {name: job, command: [/bin/true], restartPolicy: Never}
"""
MORE = MANIFEST + "  - {name: more, command: [/bin/sleep, '1000']}\n"


class Manager:
    """One running manager, which can be ended and started again at the same place."""

    def __init__(self, *flags, secret=False, manifest=MANIFEST):
        self.dir = tempfile.mkdtemp(prefix="pm")  # short: the path of a socket is
        self.socket = os.path.join(self.dir, "pm-rpc.sock")
        self.manifest = os.path.join(self.dir, "manifest.yaml")
        self._write(self.manifest, manifest)
        self.flags = list(flags)
        if secret:
            self.flags += ["-secret-file", self._write(os.path.join(self.dir, "secret"), "right\n")]
            self.flags += ["-viewer-secret-file", self._write(os.path.join(self.dir, "viewer"), "look\n")]
        self.process = None
        self.start()

    @staticmethod
    def _write(path, text):
        with open(path, "w") as f:
            f.write(text)
        return path

    def start(self):
        arguments = ["-manifest", self.manifest, "-socket", os.path.join(self.dir, "pm.sock"), *self.flags]
        self.log = open(os.path.join(self.dir, "log"), "ab")
        self.process = subprocess.Popen([os.environ["PM_BINARY"], *arguments], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while True:
            probe = socket.socket(socket.AF_UNIX)
            try:
                probe.connect(self.socket)
                return
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    with open(os.path.join(self.dir, "log")) as f:
                        raise AssertionError(f"the manager does not come up: {f.read()}")
                time.sleep(0.02)
            finally:
                probe.close()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()

    def close(self):
        self.stop()
        shutil.rmtree(self.dir)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Methods(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.manager = Manager()
        cls.pm = pm.Client(cls.manager.socket)

    @classmethod
    def tearDownClass(cls):
        cls.manager.close()

    def test_every_method(self):
        c = self.pm
        info = c.start("hello", command="echo hello; sleep 1000", jobid="e42", deadline=600)
        self.assertIsInstance(info, pm.ProcessInfo)
        self.assertEqual((info.name, info.job_id, info.deadline, info.status), ("hello", "e42", 600, "running"))
        self.assertIsInstance(info.pid, int)
        self.assertLess(abs(datetime.now(timezone.utc) - info.start_time), timedelta(minutes=1))
        self.assertEqual(c.wait("hello", "running", timeout="10s").name, "hello")
        self.assertEqual(c.status("hello").pid, info.pid)
        self.assertIn("web", [p.name for p in c.list()])
        self.assertEqual([p.name for p in c.list(labels={"tier": "front"}, status=["running", "starting"])], ["web"])
        self.assertEqual(c.signal("hello", "CONT").name, "hello")
        self.assertEqual(c.signal("hello", 18).name, "hello")
        self.assertNotEqual(c.restart("hello").pid, info.pid)
        self.assertIn(c.restart("hello", wait=False).status, ("stopping", "starting", "running"))
        self.assertEqual(c.wait("hello", "running").name, "hello")
        self.assertEqual(c.stop("hello").status, "stopped")
        self.assertEqual(c.start("hello").status, "running")  # only what is required
        lives = c.history("hello")
        self.assertEqual([life.reason for life in lives], ["StoppedByUser"] * 3)
        lines = c.logs("hello", lines=10, stream="stdout", since=datetime.now(timezone.utc) - timedelta(hours=1))
        self.assertEqual({line.msg for line in lines}, {"hello"})
        self.assertIsInstance(c.logs("hello"), list)
        self.assertIsNone(c.delete("hello"))
        c.wait("job", "completed")
        self.assertEqual(c.trigger("job").run, 2)
        self.assertEqual([(x.process, x.probe, x.success) for x in c.probe("web")], [("web", "liveness", True)])
        with self.assertRaises(pm.InvalidError):
            c.probe("web", probe="readiness")

        ran = c.exec("web", ["/bin/sh", "-c", "printf '\\377'; echo $PM_PROCESS_NAME >&2; exit 4"], timeout="10s")
        self.assertEqual((ran.stdout, ran.stderr, ran.exit_code, ran.signal, ran.reason), (b"\xff", b"web\n", 4, None, "Error"))
        self.assertEqual(c.exec("web", "echo $PM_PROCESS_NAME").stdout, b"web\n")

        spec = pm.Spec(
            io_priority=pm.IOPriority(class_="Idle"),
            command=["/bin/sh", "-c", "echo $WORD; exec sleep 1000"],
            env=[pm.EnvVar(name="WORD", value="grün")],
            labels={"made": "here"},
            restart_policy="OnFailure",
            termination_grace_period_seconds=1,
        )
        self.assertEqual(c.start("whole", spec=spec).labels, {"made": "here"})
        self.assertEqual(c.start("plain", spec={"command": "sleep 1000", "labels": {"made": "here"}}).status, "running")
        with c.logs_subscribe("whole") as sub:
            self.assertEqual(sub.next(10).line.msg, "grün")
        for name in ("whole", "plain"):
            c.delete(name)

        manifest = c.manifest_get()
        self.assertEqual((manifest.source, [p.name for p in manifest.processes]), ("file", ["web", "job"]))
        self.assertEqual(manifest.processes[0].termination_grace_period_seconds, 1)
        self.assertEqual(c.manifest_diff(), [])
        self.assertEqual([(x.name, x.action) for x in c.manifest_diff(manifest=MORE)], [("more", "added")])
        self.assertEqual([(x.name, x.action) for x in c.manifest_apply(manifest=MORE)], [("more", "added")])
        self.assertEqual([(x.name, x.action) for x in c.manifest_apply()], [("more", "removed")])
        self.assertEqual(c.system_info().shutting_down, False)
        document = c.discover()
        self.assertEqual(document["info"]["title"], "Process Manager")
        ours = {name.replace(".", "_").replace("process_", "").replace("rpc_", "") for name in (m["name"] for m in document["methods"])}
        missing = {name for name in ours if not hasattr(pm.Client, name)}
        self.assertEqual(missing, {"unsubscribe", "session_authenticate"})  # a subscription's own affairs

    def test_errors(self):
        c = self.pm
        for error, call in (
            (pm.NotFoundError, lambda: c.stop("gone")),
            (pm.NotFoundError, lambda: c.logs_subscribe("gone")),
            (pm.ExistsError, lambda: c.start("web", command="true")),
            (pm.InvalidError, lambda: c.start("no/name", command="true")),
            (pm.InvalidError, lambda: c.logs("web", lines=-1)),
            (pm.NotRunningError, lambda: c.signal("job", "HUP") if c.wait("job", "ended") else None),
            (pm.StopTimeoutError, lambda: c.wait("web", "ended", timeout="10ms")),
            (pm.StartError, lambda: c.start("bad", spec={"command": ["/no/such/file"]})),
            (pm.InvalidParamsError, lambda: c.start("bad", spec={"comand": "x"})),
            (pm.InvalidParamsError, lambda: c.call("process.stop", {})),
            (pm.MethodNotFoundError, lambda: c.call("process.stopp")),
            (pm.NeedsWebSocketError, lambda: c.call("events.subscribe")),
            (TimeoutError if sys.version_info >= (3, 10) else OSError, lambda: c.wait("web", "deleted", call_timeout=0.2)),
        ):
            with self.subTest(error=error.__name__):
                with self.assertRaises(error) as caught:
                    call()
                if issubclass(error, pm.ManagerError):
                    self.assertIsInstance(caught.exception, pm.ManagerError)
                    self.assertEqual(caught.exception.code, error.code)
                    self.assertEqual(caught.exception.reason, error.reason)
        try:
            c.stop("gone")
        except pm.NotFoundError as err:
            self.assertEqual((err.process, str(err)), ("gone", 'cannot stop "gone": no such process'))

    def test_events(self):
        with self.pm.events_subscribe(name="eve") as sub:
            self.pm.start("eve", command="exit 3")
            seen = []
            for notice in sub:
                seen.append(notice.event)
                if notice.event.type == "ended":
                    break
            self.assertEqual((seen[-1].exit_code, seen[-1].reason, seen[-1].run), (3, "Error", 1))
            with self.assertRaises(TimeoutError):
                while True:
                    sub.next(0.2)
        with self.assertRaises(pm.SubscriptionClosed):
            sub.next()
        self.assertEqual(list(sub), [])
        self.pm.events_subscribe().close()
        labelled = self.pm.events_subscribe(labels={"tier": "front"})
        self.pm.restart("web")
        self.assertEqual(labelled.next(10).event.name, "web")
        labelled.close()

    def test_close_wakes_the_reader(self):
        sub = self.pm.events_subscribe(name="nobody")
        got = []
        reader = threading.Thread(target=lambda: got.append(list(sub)))
        reader.start()
        sub.close()
        reader.join(10)
        self.assertEqual(got, [[]])

    def test_logs_until_deleted(self):
        self.pm.start("counter", spec={"command": "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; exec sleep 1000"})
        sub = self.pm.logs_subscribe("counter", lines=100000)
        for i in range(2000):
            self.assertEqual(sub.next(10).line.msg, f"line {i}")
        self.pm.restart("counter")
        for i in range(2000):
            notice = sub.next(10)
            self.assertEqual((notice.line.msg, notice.line.run), (f"line {i}", 2))
        self.pm.delete("counter")
        with self.assertRaises(pm.NotFoundError):
            sub.next(10)
        with self.assertRaises(pm.NotFoundError):
            sub.next(10)


class Reconnect(unittest.TestCase):
    def test_restart_of_the_manager(self):
        manager = Manager(manifest=MANIFEST.replace("while :; do read -t 1 x; done", "echo up; exec sleep 1000"))
        self.addCleanup(manager.close)
        c = pm.Client(manager.socket)
        once = pm.Client(manager.socket, reconnect=0).events_subscribe()
        events, lines = c.events_subscribe(), c.logs_subscribe("web")
        self.assertEqual(lines.next(10).line.msg, "up")
        manager.stop()
        for sub in (events, lines):
            notice = sub.next(15)
            while notice.gap is None:
                notice = sub.next(15)
            self.assertFalse(notice.gap.over)
            self.assertIsInstance(notice.gap.why, (pm.ClosedError, pm.UnreachableError))
        with self.assertRaises(pm.ClosedError):
            while True:
                once.next(10)
        with self.assertRaises(pm.UnreachableError):
            c.list()
        manager.start()
        self.assertTrue(events.next(15).gap.over)
        self.assertTrue(lines.next(15).gap.over)
        self.assertEqual(lines.next(15).line.msg, "up")
        c.restart("web")
        self.assertIsNotNone(events.next(10).event)
        events.close()
        lines.close()

    def test_lines_come_once(self):
        manager = Manager("-rpc-addr", f"127.0.0.1:{free_port()}", secret=True)
        self.addCleanup(manager.close)
        proxy = Proxy(manager.socket)
        self.addCleanup(proxy.close)
        c = pm.Client(url=proxy.url, secret="right")
        c.start("counter", spec={"command": "i=0; while :; do echo $i; i=$((i+1)); [ $((i % 50)) = 0 ] && sleep 0.05; done"})
        with c.logs_subscribe("counter", lines=1000000) as sub:
            last, gaps = -1, 0
            while last < 3000:
                notice = sub.next(15)
                if notice.gap:
                    gaps += notice.gap.over
                    continue
                self.assertEqual((int(notice.line.msg), notice.lost), (last + 1, 0))
                last += 1
                if last in (500, 1000, 2000):
                    proxy.cut()
            self.assertEqual(gaps, 3)

    def test_shutdown(self):
        manager = Manager()
        self.addCleanup(manager.close)
        self.assertIsNone(pm.Client(manager.socket).system_shutdown())
        self.assertEqual(manager.process.wait(15), 0)


class Proxy:
    """Hands a connection on to a unix socket, until it is cut."""

    def __init__(self, target):
        self.target, self.pairs, self.all = target, [], []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(self.target)
            self.pairs += [near, far]
            self.all += [near, far]
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(a, b), daemon=True).start()

    @staticmethod
    def _carry(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        for s in self.pairs:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.pairs = []

    def close(self):
        self.server.close()
        self.cut()
        for s in self.all:
            s.close()


class Secrets(unittest.TestCase):
    def doors(self, manager, **more):
        yield lambda secret: pm.Client(manager.socket, secret=secret)
        yield lambda secret: pm.Client(url="unix://" + manager.socket, secret=secret)
        yield lambda secret: pm.Client(url=manager.url, secret=secret, **more)

    def check(self, client, wrong=1):
        self.assertEqual(len(client("right").list()), 2)
        self.assertEqual(client("right").restart("web").name, "web")
        self.assertEqual(len(client("look").list()), 2)
        with self.assertRaises(pm.ForbiddenError):
            client("look").stop("web")
        client("look").events_subscribe().close()
        calls = (lambda c: c.list(), lambda c: c.events_subscribe())
        for call in calls:
            with self.assertRaises(pm.UnauthorizedError):
                call(client(None))
        for call in calls[:wrong]:  # each takes longer than the one before
            with self.assertRaises(pm.UnauthorizedError):
                call(client("wrong"))

    def test_unix_and_tcp(self):
        port = free_port()
        manager = Manager("-rpc-addr", f"127.0.0.1:{port}", secret=True)
        self.addCleanup(manager.close)
        manager.url = f"http://127.0.0.1:{port}"
        for client in self.doors(manager):
            self.check(client)

    def test_tls(self):
        certs, port = os.environ["PM_CERTS"], free_port()
        manager = Manager(
            "-rpc-addr", f"127.0.0.1:{port}", "-tls-cert-file", f"{certs}/cert.pem", "-tls-key-file", f"{certs}/key.pem", secret=True
        )
        self.addCleanup(manager.close)
        url = f"https://127.0.0.1:{port}"
        trusted = ssl.create_default_context(cafile=f"{certs}/ca.pem")
        self.check(lambda secret: pm.Client(url=url, secret=secret, ssl_context=trusted), wrong=2)
        with self.assertRaises(pm.UnreachableError):
            pm.Client(url=url, secret="right").list()
        with self.assertRaises(pm.UnreachableError):
            pm.Client(url=f"http://127.0.0.1:{port}", secret="right").list()


class Places(unittest.TestCase):
    def test_wrong_places(self):
        for arguments in ({}, {"socket": "/x", "url": "http://h"}, {"url": "ftp://h"}, {"url": "http://u:p@h"}):
            with self.assertRaises(ValueError):
                pm.Client(**arguments)
        with self.assertRaises(pm.UnreachableError):
            pm.Client("/nowhere/at.all").list()
        with self.assertRaises(pm.UnreachableError):
            pm.Client("/nowhere/at.all").events_subscribe()

    def test_no_right_to_the_socket(self):
        manager = Manager()
        self.addCleanup(manager.close)
        os.chmod(manager.dir, 0o755)
        os.chmod(manager.socket, 0)  # root does not care
        child = os.fork()
        if child == 0:
            if os.geteuid() == 0:
                os.setuid(65534)
            code = 1
            try:
                pm.Client(manager.socket).list()
            except pm.UnreachableError as err:
                code = 0 if "Permission denied" in str(err) else 2
            os._exit(code)
        self.assertEqual(os.waitpid(child, 0)[1], 0)


class Frames(unittest.TestCase):
    """The WebSocket against a server's end that is played."""

    def setUp(self):
        self.here, self.there = socket.socketpair()
        self.addCleanup(self.here.close)
        self.addCleanup(self.there.close)
        self.ws = WebSocket.__new__(WebSocket)
        self.ws._sock, self.ws._buffer, self.ws._message = self.here, bytearray(), bytearray()

    def unmask(self, frame):
        size = frame[1] & 0x7F
        return bytes(b ^ frame[2 + i % 4] for i, b in enumerate(frame[6 : 6 + size]))

    def test_parts_and_pings(self):
        self.there.sendall(b"\x01\x02ab" + b"\x89\x01p" + b"\x80\x01c" + b"\x81\x7e\x00\x80" + b"d" * 128)
        self.assertEqual((self.ws.read(), self.ws.read()), ("abc", "d" * 128))
        pong = self.there.recv(100)
        self.assertEqual((pong[0], self.unmask(pong)), (0x8A, b"p"))

    def test_every_size(self):
        for size in (0, 1, 125, 126, 127, 65535, 65536, 70000):
            text = "x" * size
            writer = threading.Thread(target=self.ws.write, args=(text,))
            writer.start()
            frame = b""
            head = 6 if size < 126 else 8 if size < 65536 else 14
            while len(frame) < head + size:
                frame += self.there.recv(100000)
            writer.join()
            mask = frame[head - 4 : head]
            self.assertEqual(bytes(b ^ mask[i % 4] for i, b in enumerate(frame[head:])).decode(), text)

    def test_silence(self):
        reader = threading.Thread(target=lambda: (self.there.recv(100), self.there.sendall(b"\x8a\x00\x81\x01x")))
        reader.start()  # answers the ping
        self.assertEqual(self.ws.read(0.05, 10), "x")
        reader.join()
        with self.assertRaisesRegex(ConnectionEnded, "does not answer"):
            self.ws.read(0.05, 0.05)

    def test_bad_frames(self):
        for bad in (b"\xc1\x00", b"\x81\x80....", b"\x83\x00", b"\x81\x7f" + b"\xff" * 8, b"\x88\x02\x03\xe9"):
            self.ws._buffer = bytearray(bad)
            with self.assertRaises(ConnectionEnded):
                self.ws.read(0.5, 0.5)


class Readme(unittest.TestCase):
    """What README shows is run, with a program that there is. It follows a log until the process is deleted."""

    def test_blocks(self):
        with open(os.path.join(os.path.dirname(__file__), "..", "README.md")) as f:
            blocks = f.read().split("```python\n")[1:]
        self.assertEqual(len(blocks), 2)
        text = "\n".join(block.split("```")[0] for block in blocks)
        manager = Manager()
        self.addCleanup(manager.close)
        program = os.path.join(manager.dir, "api")
        Manager._write(program, "#!/bin/sh\necho ready\nexec sleep 1000\n")
        os.chmod(program, 0o755)
        for shown, real in (("/tmp/processmanager-rpc.sock", manager.socket), ("/app/api", program)):
            self.assertIn(shown, text)
            text = text.replace(shown, real)
        printed = []

        def note(*words):
            printed.append(" ".join(str(word) for word in words))
            if printed[-1] == "ready":
                pm.Client(manager.socket).delete("api")

        with self.assertRaises(pm.NotFoundError) as end:
            exec(compile(text, "README.md", "exec"), {"print": note})
        self.assertEqual(end.exception.process, "api")
        self.assertEqual(printed, ["gone NotFound", "ready"])


class Codec(unittest.TestCase):
    def test_times(self):
        for text, want in (
            ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)),
            ("2026-01-02T03:04:05.123456789+02:00", datetime(2026, 1, 2, 1, 4, 5, 123456, tzinfo=timezone.utc)),
            ("2026-01-02T03:04:05.5-01:00", datetime(2026, 1, 2, 4, 4, 5, 500000, tzinfo=timezone.utc)),
        ):
            self.assertEqual(parse_time(text), want)
        for text in ("", "2026-01-02", "yesterday"):
            with self.assertRaises(ValueError):
                parse_time(text)

    def test_round_trip(self):
        spec = pm.Spec(command="x", lifecycle=pm.Lifecycle(pre_stop=pm.LifecycleHandler(http_get=pm.HTTPGetAction(port="admin"))))
        self.assertEqual(encode(spec), {"command": "x", "lifecycle": {"preStop": {"httpGet": {"port": "admin"}}}})
        self.assertEqual(decode(pm.Spec, {**encode(spec), "ofTomorrow": 1}), spec)


if __name__ == "__main__":
    unittest.main(verbosity=2)
