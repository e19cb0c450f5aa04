// Drives a manager through the client, as it is compiled. PM_BINARY is the manager,
// PM_CERTS a directory with cert.pem and key.pem for 127.0.0.1, whose authority
// NODE_EXTRA_CA_CERTS names. The test in Go beside this directory makes them.
import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import * as api from "../dist/processmanager.js";
import { Manager, Proxy, freePort, manifest } from "./manager.mjs";

const { Client } = api;

/** The next notice, in time. */
async function next(sub, ms = 15_000) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("nothing came in time")), ms)));
  try {
    const { done, value } = await Promise.race([sub.next(), late]);
    assert.ok(!done, "the subscription has ended");
    return value;
  } finally {
    clearTimeout(timer);
  }
}

describe("methods", () => {
  let manager, pm;
  before(async () => {
    manager = await new Manager().start();
    pm = new Client({ socket: manager.socket });
  });
  after(() => manager.close());

  test("every method", async () => {
    const info = await pm.start({ name: "hello", command: "echo hello; sleep 1000", jobid: "e42", deadline: 600 });
    assert.deepEqual([info.name, info.job_id, info.deadline, info.status], ["hello", "e42", 600, "running"]);
    assert.equal((await pm.wait({ name: "hello", condition: "running", timeout: "10s" })).name, "hello");
    assert.equal((await pm.wait({ name: "hello", condition: "running" })).name, "hello");
    assert.equal((await pm.status("hello")).pid, info.pid);
    assert.ok((await pm.list()).some((p) => p.name === "web"));
    assert.deepEqual((await pm.list({ labels: { tier: "front" }, status: ["running"] })).map((p) => p.name), ["web"]);
    assert.equal((await pm.signal({ name: "hello", signal: "CONT" })).name, "hello");
    assert.equal((await pm.signal({ name: "hello", signal: 18 })).name, "hello");
    assert.notEqual((await pm.restart("hello")).pid, info.pid);
    assert.ok(["stopping", "starting", "running"].includes((await pm.restart("hello", { wait: false })).status));
    assert.equal((await pm.wait({ name: "hello", condition: "running" })).name, "hello");
    assert.equal((await pm.stop("hello")).status, "stopped");
    assert.equal((await pm.start({ name: "hello" })).status, "running");
    assert.deepEqual((await pm.history("hello")).map((life) => life.reason), ["StoppedByUser", "StoppedByUser", "StoppedByUser"]);
    const since = new Date(Date.now() - 3_600_000).toISOString();
    const lines = await pm.logs({ name: "hello", lines: 10, stream: "stdout", since, previous: false });
    assert.ok(lines.length > 0 && lines.every((line) => line.msg === "hello"));
    assert.ok(Array.isArray(await pm.logs({ name: "hello" })));
    assert.equal(await pm.delete("hello"), undefined);
    await pm.wait({ name: "job", condition: "completed" });
    assert.equal((await pm.trigger("job")).run, 2);
    assert.deepEqual((await pm.probe({ name: "web", probe: "liveness" })).map((x) => [x.process, x.probe, x.success]), [["web", "liveness", true]]);

    const ran = await pm.exec({ name: "web", command: ["/bin/sh", "-c", "printf '\\377'; echo $PM_PROCESS_NAME >&2; exit 4"], timeout: "10s" });
    assert.deepEqual([...Buffer.from(ran.stdout, "base64")], [255]);
    assert.deepEqual([atob(ran.stderr), ran.exit_code, ran.reason], ["web\n", 4, "Error"]);

    const spec = { command: ["/bin/sh", "-c", "echo $WORD; exec sleep 1000"], env: [{ name: "WORD", value: "grün" }], labels: { made: "here" } };
    assert.deepEqual((await pm.start({ name: "whole", spec })).labels, { made: "here" });
    const sub = await pm.logsSubscribe({ name: "whole" });
    assert.equal((await next(sub)).line.msg, "grün");
    sub.close();
    await pm.delete("whole");

    const more = manifest + "  - {name: more, command: [/bin/sleep, '1000']}\n";
    const inForce = await pm.manifestGet();
    assert.deepEqual([inForce.source, inForce.processes.map((p) => p.name)], ["file", ["web", "job"]]);
    assert.deepEqual(await pm.manifestDiff(), []);
    assert.deepEqual(await pm.manifestDiff({ manifest: more }), [{ name: "more", action: "added" }]);
    assert.deepEqual(await pm.manifestApply({ manifest: more }), [{ name: "more", action: "added" }]);
    assert.deepEqual((await pm.manifestApply()).map((c) => c.action), ["removed"]);
    assert.equal((await pm.systemInfo()).shutting_down, false);

    const document = await pm.discover();
    const missing = document.methods
      .map((m) => m.name.replace(/^(process|rpc)\./, "").replace(/\.(.)/, (_, c) => c.toUpperCase()))
      .filter((name) => typeof pm[name] !== "function");
    assert.deepEqual(missing, ["unsubscribe", "sessionAuthenticate"]); // a subscription's own affairs
  });

  test("errors", async () => {
    const cases = [
      [api.NotFoundError, () => pm.stop("gone")],
      [api.NotFoundError, () => pm.logsSubscribe({ name: "gone" })],
      [api.ExistsError, () => pm.start({ name: "web", command: "true" })],
      [api.InvalidError, () => pm.start({ name: "no/name", command: "true" })],
      [api.InvalidError, () => pm.logs({ name: "web", lines: -1 })],
      [api.NotRunningError, () => pm.wait({ name: "job", condition: "ended" }).then(() => pm.signal({ name: "job", signal: "HUP" }))],
      [api.StopTimeoutError, () => pm.wait({ name: "web", condition: "ended", timeout: "10ms" })],
      [api.StartError, () => pm.start({ name: "bad", spec: { command: ["/no/such/file"] } })],
      [api.InvalidParamsError, () => pm.start({ name: "bad", spec: { comand: "x" } })],
      [api.InvalidParamsError, () => pm.call("process.stop", {})],
      [api.MethodNotFoundError, () => pm.call("process.stopp")],
      [api.NeedsWebSocketError, () => pm.call("events.subscribe")],
    ];
    for (const [Failure, call] of cases) {
      await assert.rejects(call, (err) => {
        assert.ok(err instanceof Failure && err instanceof api.ManagerError, `${Failure.name}: ${err}`);
        assert.equal(err.reason + (err.reason.endsWith("Error") ? "" : "Error"), Failure.name);
        return true;
      });
    }
    await assert.rejects(pm.stop("gone"), { message: 'cannot stop "gone": no such process', process: "gone", code: -32001 });
    const reason = new Error("enough");
    await assert.rejects(pm.wait({ name: "web", condition: "deleted" }, { signal: abortSoon(reason) }), reason);
    await assert.rejects(pm.eventsSubscribe({}, { signal: AbortSignal.abort(reason) }), reason);
  });

  test("events", async () => {
    const sub = await pm.eventsSubscribe({ name: "eve" });
    await pm.start({ name: "eve", command: "exit 3" });
    let last;
    for await (const { event } of sub) {
      last = event;
      if (event.type === "ended") break;
    }
    assert.deepEqual([last.exit_code, last.reason, last.run], [3, "Error", 1]);
    assert.deepEqual(await sub.next(), { done: true, value: undefined }); // leaving the loop has closed it
    const idle = await pm.eventsSubscribe();
    const waiting = idle.next();
    idle.close();
    assert.equal((await waiting).done, true);
    const labelled = await pm.eventsSubscribe({ labels: { tier: "front" } });
    await pm.restart("web");
    assert.equal((await next(labelled)).event.name, "web");
    labelled.close();
  });

  test("logs until the process is deleted", async () => {
    const command = "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; exec sleep 1000";
    await pm.start({ name: "counter", spec: { command } });
    const sub = await pm.logsSubscribe({ name: "counter", lines: 100_000 });
    for (let i = 0; i < 2000; i++) assert.equal((await next(sub)).line.msg, `line ${i}`);
    await pm.restart("counter");
    for (let i = 0; i < 2000; i++) {
      const { line } = await next(sub);
      assert.deepEqual([line.msg, line.run], [`line ${i}`, 2]);
    }
    await pm.delete("counter");
    await assert.rejects(next(sub), api.NotFoundError);
    await assert.rejects(next(sub), api.NotFoundError);
  });
});

function abortSoon(reason) {
  const abort = new AbortController();
  setTimeout(() => abort.abort(reason), 100);
  return abort.signal;
}

// What README shows is run, with a program that there is. It follows a log until the process is deleted.
test("README", async () => {
  const manager = await new Manager().start();
  const log = console.log;
  try {
    const program = join(manager.dir, "api");
    writeFileSync(program, "#!/bin/sh\necho ready\nexec sleep 1000\n", { mode: 0o755 });
    const url = (path) => new URL(path, import.meta.url);
    let text = readFileSync(url("../README.md"), "utf8").split("```ts\n").slice(1).map((part) => part.split("```")[0]).join("\n");
    for (const [shown, real] of [
      ['"@processmanager/client"', '"../dist/processmanager.js"'],
      ['{ url: "https://pm.example:8443", secret: "…" }', JSON.stringify({ socket: manager.socket })],
      ["/app/api", program],
    ]) {
      assert.ok(text.includes(shown), shown);
      text = text.replace(shown, real);
    }
    writeFileSync(url("readme.run.mjs"), text);
    const printed = [];
    console.log = (...words) => {
      printed.push(words.join(" "));
      if (printed.at(-1) === "ready") void new Client({ socket: manager.socket }).delete("api");
    };
    await assert.rejects(import(url("readme.run.mjs").href), (err) => err instanceof api.NotFoundError && err.process === "api");
    assert.deepEqual(printed, ["gone NotFound", "ready"]);
  } finally {
    console.log = log;
    await manager.close();
  }
});

describe("reconnecting", () => {
  test("over a restart of the manager", async (t) => {
    const manager = await new Manager().start();
    t.after(() => manager.close());
    const pm = new Client({ socket: manager.socket });
    const once = await new Client({ socket: manager.socket, reconnect: -1 }).eventsSubscribe();
    const brief = await new Client({ socket: manager.socket, reconnect: 1 }).eventsSubscribe();
    const events = await pm.eventsSubscribe();
    const lines = await pm.logsSubscribe({ name: "web" });
    assert.equal((await next(lines)).line.msg, "up");
    await manager.stop();
    for (const sub of [events, lines]) {
      let notice = await next(sub);
      while (!notice.gap) notice = await next(sub);
      assert.equal(notice.gap.over, false);
      assert.ok(notice.gap.why instanceof api.ClosedError || notice.gap.why instanceof api.UnreachableError, String(notice.gap.why));
    }
    const drain = async (sub) => {
      for (;;) await next(sub);
    };
    await assert.rejects(drain(once), api.ClosedError);
    await assert.rejects(drain(brief), api.UnreachableError);
    await assert.rejects(pm.list(), api.UnreachableError);
    await manager.start();
    assert.equal((await next(events)).gap.over, true);
    assert.equal((await next(lines)).gap.over, true);
    assert.equal((await next(lines)).line.msg, "up");
    await pm.restart("web");
    assert.ok((await next(events)).event);
    events.close();
    lines.close();
    assert.equal(await pm.systemShutdown(), undefined);
    assert.equal(await manager.ended, 0);
  });

  test("lines come once", async (t) => {
    const manager = await new Manager([], { secret: true }).start();
    const proxy = new Proxy(manager.socket);
    t.after(() => (proxy.close(), manager.close()));
    const pm = new Client({ url: await proxy.listen(), secret: "right" });
    await pm.start({ name: "counter", spec: { command: "i=0; while :; do echo $i; i=$((i+1)); [ $((i % 50)) = 0 ] && sleep 0.05; done" } });
    const sub = await pm.logsSubscribe({ name: "counter", lines: 1_000_000 });
    let last = -1;
    let gaps = 0;
    while (last < 3000) {
      const notice = await next(sub);
      if (notice.gap) {
        gaps += notice.gap.over ? 1 : 0;
        continue;
      }
      assert.deepEqual([Number(notice.line.msg), notice.lost], [last + 1, 0]);
      last++;
      if ([500, 1000, 2000].includes(last)) proxy.cut();
    }
    assert.equal(gaps, 3);
    sub.close();
  });
});

describe("who does not read", () => {
  test("is told, and goes on when he has caught up", async () => {
    // The manager is played: it sends more than is kept, then what was asked for anew.
    const asked = [];
    class Played {
      constructor() {
        setImmediate(() => this.onopen({}));
      }
      say(message) {
        this.onmessage({ data: JSON.stringify({ jsonrpc: "2.0", ...message }) });
      }
      send(text) {
        const { id, params } = JSON.parse(text);
        asked.push(params);
        this.say({ id, result: { subscription: "1" } });
        const line = (n) => ({ ts: String(Math.floor(n / 10)), stream: "stdout", run: 1, msg: "x" });
        const from = params.since ? Number(params.since) * 10 : 0;
        for (let n = from; n < 25_000 && !this.closed; n++) {
          this.say({ method: "logs.line", params: { subscription: "1", line: line(n) } });
        }
      }
      close() {
        this.closed = true;
      }
    }
    const pm = new Client({ url: "http://nowhere", WebSocket: Played });
    const sub = await pm.logsSubscribe({ name: "web" });
    let lines = 0;
    const gaps = [];
    while (lines < 25_000) {
      const { line, gap } = await next(sub);
      if (line) assert.equal(line.ts, String(Math.floor(lines++ / 10)));
      else gaps.push([gap.why.name, gap.over]);
    }
    assert.deepEqual(gaps.slice(0, 2), [["SlowError", false], ["SlowError", true]]);
    assert.equal(asked[0].since, undefined);
    assert.ok(Number(asked[1].since) >= 999 && asked[1].previous === false, JSON.stringify(asked[1]));
    sub.close();
  });
});

describe("secrets", () => {
  async function check(client) {
    assert.equal((await client("right").list()).length, 2);
    await client("right").restart("web");
    assert.equal((await client("look").list()).length, 2);
    await assert.rejects(client("look").stop("web"), api.ForbiddenError);
    (await client("look").eventsSubscribe()).close();
    await assert.rejects(client(undefined).list(), api.UnauthorizedError);
    await assert.rejects(client(undefined).eventsSubscribe(), api.UnauthorizedError);
    await assert.rejects(client("wrong").list(), api.UnauthorizedError);
    await assert.rejects(client("wrong").eventsSubscribe(), api.UnauthorizedError);
  }
  const options = (more, secret) => (secret === undefined ? more : { ...more, secret });

  test("unix socket", async (t) => {
    const manager = await new Manager([], { secret: true }).start();
    t.after(() => manager.close());
    await check((secret) => new Client(options({ socket: manager.socket }, secret)));
  });

  test("TCP", async (t) => {
    const address = `127.0.0.1:${await freePort()}`;
    const manager = await new Manager(["-rpc-addr", address], { secret: true }).start();
    t.after(() => manager.close());
    await check((secret) => new Client(options({ url: `http://${address}` }, secret)));
  });

  test("TLS", async (t) => {
    const certs = process.env.PM_CERTS;
    const port = await freePort();
    const manager = await new Manager(
      ["-rpc-addr", `127.0.0.1:${port}`, "-tls-cert-file", `${certs}/cert.pem`, "-tls-key-file", `${certs}/key.pem`],
      { secret: true },
    ).start();
    t.after(() => manager.close());
    await check((secret) => new Client(options({ url: `https://127.0.0.1:${port}` }, secret)));
    // The certificate is not for this name.
    await assert.rejects(new Client({ url: `https://localhost:${port}`, secret: "right" }).list(), api.UnreachableError);
    await assert.rejects(new Client({ url: `https://localhost:${port}`, secret: "right" }).eventsSubscribe(), api.UnreachableError);
  });
});

describe("places", () => {
  test("wrong ones", async () => {
    for (const bad of [{}, { url: "http://h", socket: "/x" }, { url: "ftp://h" }, { url: "http://u:p@h" }]) {
      assert.throws(() => new Client(bad), TypeError);
    }
    const nowhere = new Client({ socket: "/nowhere/at.all" });
    await assert.rejects(nowhere.list(), (err) => err instanceof api.UnreachableError && /ENOENT/.test(err.message));
    await assert.rejects(nowhere.eventsSubscribe(), api.UnreachableError);
  });

  test("no right to the socket", async (t) => {
    const manager = await new Manager().start();
    t.after(() => manager.close());
    chmodSync(manager.socket, 0);
    chmodSync(manager.dir, 0o755);
    const me = process.geteuid();
    if (me === 0) process.seteuid(65534); // root does not care
    try {
      await assert.rejects(new Client({ socket: manager.socket }).list(), (err) => err instanceof api.UnreachableError && /EACCES/.test(err.message));
    } finally {
      if (me === 0) process.seteuid(0);
    }
  });
});
