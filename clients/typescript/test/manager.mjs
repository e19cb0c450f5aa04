// A manager for the tests, which can be ended and started again at the same place.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync, openSync, closeSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const manifest = `apiVersion: processmanager/v1
kind: ProcessManifest
metadata: {name: live}
spec:
  exitPolicy: Never
  processes:
  - {name: web, labels: {tier: front}, command: "echo up; exec sleep 1000", livenessProbe: {exec: {command: [/bin/true]}}}
  - {name: job, command: [/bin/true], restartPolicy: Never}
`;

export class Manager {
  constructor(flags = [], { secret = false } = {}) {
    this.dir = mkdtempSync(join(tmpdir(), "pm")); // short: the path of a socket is
    this.socket = join(this.dir, "pm-rpc.sock");
    this.manifest = join(this.dir, "manifest.yaml");
    writeFileSync(this.manifest, manifest);
    this.flags = flags;
    if (secret) {
      writeFileSync(join(this.dir, "secret"), "right\n");
      writeFileSync(join(this.dir, "viewer"), "look\n");
      this.flags = [...flags, "-secret-file", join(this.dir, "secret"), "-viewer-secret-file", join(this.dir, "viewer")];
    }
  }

  async start() {
    const log = openSync(join(this.dir, "log"), "a");
    this.child = spawn(process.env.PM_BINARY, ["-manifest", this.manifest, "-socket", join(this.dir, "pm.sock"), ...this.flags], {
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    this.ended = new Promise((resolve) => this.child.on("exit", (code) => resolve(code)));
    const deadline = Date.now() + 10_000;
    while (!(await answers(this.socket))) {
      if (Date.now() > deadline || this.child.exitCode !== null) {
        throw new Error("the manager does not come up: " + readFileSync(join(this.dir, "log"), "utf8"));
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return this;
  }

  async stop() {
    if (this.child.exitCode === null) this.child.kill("SIGTERM");
    const late = setTimeout(() => this.child.kill("SIGKILL"), 15_000);
    await this.ended;
    clearTimeout(late);
  }

  async close() {
    await this.stop();
    rmSync(this.dir, { recursive: true });
  }
}

function answers(path) {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.on("connect", () => (probe.destroy(), resolve(true)));
    probe.on("error", () => resolve(false));
  });
}

export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Hands connections on to a unix socket, until they are cut. */
export class Proxy {
  #pairs = new Set();

  constructor(target) {
    this.server = createServer((near) => {
      const far = connect(target);
      for (const [a, b] of [[near, far], [far, near]]) {
        this.#pairs.add(a);
        a.on("error", () => {}).on("close", () => (this.#pairs.delete(a), b.destroy()));
        a.pipe(b);
      }
    });
  }

  listen() {
    return new Promise((resolve) => {
      this.server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${this.server.address().port}`));
    });
  }

  cut() {
    for (const s of this.#pairs) s.destroy();
  }

  close() {
    this.server.close();
    this.cut();
  }
}
