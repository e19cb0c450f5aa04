// Compiled, never run: what a user writes in TypeScript must be typed as a whole.
import { Client, ManagerError, NotFoundError, Subscription } from "../processmanager.js";
import type { EventNotice, LineNotice, ProcessInfo, Spec, Status } from "../processmanager.js";

export async function everything(pm: Client): Promise<void> {
  const spec: Spec = { command: ["/app"], livenessProbe: { httpGet: { port: 8080 } }, resources: { limits: { cpu: "500m", memory: "64Mi" } }, log: true };
  const info: ProcessInfo = await pm.start({ name: "a", spec });
  const status: Status = info.status;
  const pid: number | null = info.pid;
  void [status, pid];
  const named: ProcessInfo[] = [await pm.stop("a"), await pm.restart("a"), await pm.status("a"), await pm.trigger("a")];
  named.push(await pm.signal({ name: "a", signal: "HUP" }), await pm.wait({ name: "a", condition: "ready" }));
  named.push(...(await pm.list()));
  for (const found of await pm.probe({ name: "a", probe: "readiness" })) void (found.success || found.message?.length);
  const bytes: string = (await pm.exec({ name: "a", command: ["true"] })).stdout;
  void bytes;
  const gone: void = await pm.delete("a");
  void gone;
  for (const life of await pm.history("a")) void life.log.map((line) => line.msg.length);
  for (const line of await pm.logs({ name: "a" })) void line.ts.length;
  for (const change of [...(await pm.manifestDiff()), ...(await pm.manifestApply())]) void change.fields?.length;
  void (await pm.manifestGet()).processes[0]?.labels?.["tier"];
  void (await pm.systemInfo()).version;
  void (await pm.discover())["openrpc"];
  await pm.systemShutdown();

  const events: Subscription<EventNotice> = await pm.eventsSubscribe();
  for await (const notice of events) {
    if (notice.gap) void notice.gap.why.message;
    else void notice.event.seq.toFixed();
  }
  const lines: Subscription<LineNotice> = await pm.logsSubscribe({ name: "a" }, { signal: AbortSignal.timeout(1000) });
  for await (const notice of lines) {
    if (notice.line) void notice.line.msg;
  }
  try {
    await pm.stop("a", { wait: false });
    await pm.start({ name: "a" }, { wait: false });
  } catch (err) {
    if (err instanceof NotFoundError) void err.process;
    else if (err instanceof ManagerError) void [err.code, err.reason];
  }

  // @ts-expect-error a parameter that is required
  await pm.logs({});
  // @ts-expect-error no such parameter
  await pm.start({ name: "a", comand: "x" });
  // @ts-expect-error not one of the words
  await pm.wait({ name: "a", condition: "soon" });
  // @ts-expect-error the name is a string
  await pm.stop(5);
}
