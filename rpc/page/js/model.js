// What is known of the processes, and the samples behind the plots. All plots share one
// list of times, so a process costs two short arrays.

const depth = 150, window5 = 5 * 60 * 1000;
const model = {
  processes: new Map(), // name → {info, cpu, mem}
  times: new Float64Array(depth),
  slot: 0,
  events: [],           // newest last, at most maxEvents
  eventsSince: null,
  manifest: null,
  specs: new Map(),
  system: null,
  systemAt: 0,          // when that was asked for
  busy: NaN,            // CPU use of the container in percent of a core, between its last two answers
  asking: false,
  again: false,         // something happened while the answer was on its way
  timer: 0,
  asked: 0,
  taken: 0,             // when the list was last seen
  onChange: () => {},
};
const maxEvents = 500;

/** The state as it is shown: running splits by readiness, stopped by who wants it so. */
function shape(info) {
  if (info.status === 'running' && !info.ready) return 'unready';
  if (info.status === 'stopped' && info.reason === 'Suspended') return 'suspended';
  return info.status;
}
const words = {unready: 'not ready'};
const word = state => words[state] || state;

// Worst first.
const severity = ['stuck', 'failed', 'backoff', 'unready', 'stopping', 'starting', 'pending', 'running', 'scheduled', 'suspended', 'stopped', 'completed'];

// A list of many costs more, so it is asked for less often; nobody looks at a hidden tab.
function pause() {
  if (document.hidden) return 10000;
  return Math.min(5000, Math.max(2000, model.processes.size * 12));
}

async function poll() {
  clearTimeout(model.timer);
  if (link.state !== 'live' || model.asking) return;
  model.asking = true;
  model.asked = Date.now();
  try {
    take(await call('process.list'));
  } catch (failure) {
    if (failure.code !== undefined) toast('Cannot list the processes: ' + failure.message, true);
  }
  model.asking = false;
  clearTimeout(model.timer);
  model.timer = setTimeout(poll, pause());
  if (model.again) pollSoon();
}

/** After an event: ask again, but many events are one question. */
function pollSoon() {
  model.again = model.asking;
  if (model.asking) return;
  clearTimeout(model.timer);
  const gap = Math.min(1000, 100 + model.processes.size);
  model.timer = setTimeout(poll, Math.max(60, model.asked + gap - Date.now()));
}

function take(list) {
  const at = Date.now(), names = new Set();
  const sample = at - model.times[model.slot] >= 1900;
  if (sample) {
    model.slot = (model.slot + 1) % depth;
    model.times[model.slot] = at;
    for (const p of model.processes.values()) p.cpu[model.slot] = p.mem[model.slot] = NaN;
  }
  for (const info of list) {
    names.add(info.name);
    let p = model.processes.get(info.name);
    if (!p) {
      p = {info, cpu: new Float32Array(depth).fill(NaN), mem: new Float32Array(depth).fill(NaN)};
      model.processes.set(info.name, p);
    }
    p.info = info;
    if (sample) {
      p.cpu[model.slot] = info.pid ? info.cpu_percent : NaN;
      p.mem[model.slot] = info.pid ? info.memory_mb : NaN;
    }
  }
  for (const name of model.processes.keys()) if (!names.has(name)) model.processes.delete(name);
  model.taken = at;
  model.onChange();
}

function listen() {
  if (!model.eventsSince) model.eventsSince = new Date(now()).toISOString();
  subscribe('events.subscribe', {}, ({event}) => {
    model.events.push(event);
    if (model.events.length > maxEvents * 1.2) model.events.splice(0, model.events.length - maxEvents);
    if (event.type === 'manifest') askManifest();
    onEvent(event);
    pollSoon();
  }, ({reason}) => {
    if (link.state === 'live' && reason === 'slow') { listen(); poll(); }
  });
}

async function askManifest() {
  try {
    const [manifest] = await Promise.all([call('manifest.get'), askSystem()]);
    model.manifest = manifest;
    model.specs = new Map(manifest.processes.map(spec => [spec.name, spec]));
    model.onChange();
  } catch { /* the connection tells */ }
}

async function askSystem() {
  const at = Date.now(), before = model.system, passed = at - model.systemAt;
  model.systemAt = at;
  const system = await call('system.info'), used = system.container?.cpu_seconds, had = before?.container?.cpu_seconds;
  model.system = system;
  // Too short a time makes a wild number, too long a one is of no interest.
  if (passed > 900) model.busy = used && had && passed < 20000 ? Math.max(0, (used - had) * 100000 / passed) : NaN;
}

/** What the container uses changes all the time, so who looks at it sees it change. */
async function watchSystem() {
  if (link.state !== 'live' || Date.now() - model.systemAt < 4500) return;
  try {
    await askSystem();
    model.onChange();
  } catch { /* the connection tells */ }
}

const specOf = info => model.specs.get(info.name) || model.specs.get(info.group);

// --- Plots ---

// The time that plots show: what there is, from one minute up to five.
function shownTime(at) {
  let oldest = at;
  for (const t of model.times) if (t && t < oldest) oldest = t;
  return Math.max(60000, Math.min(window5, at - oldest));
}

/** Paths of a line and the area under it, and the highest value; the newest is at the right. */
function plot(values, width, height, least) {
  const at = Date.now(), points = [], shown = shownTime(at);
  let top = least;
  for (let i = 1; i <= depth; i++) {
    const slot = (model.slot + i) % depth, t = model.times[slot];
    if (!t || at - t > shown) continue;
    if (values[slot] > top) top = values[slot];
    points.push([t, values[slot]]);
  }
  let line = '', area = '', before = 0, first = 0, x = 0;
  const close = () => { if (before) area += `L${x} ${height}L${first} ${height}Z`; };
  for (const [t, v] of points) {
    if (Number.isNaN(v)) { close(); before = 0; continue; }
    const joined = before && t - before < 25000;
    if (!joined) close();
    x = (width * (1 - (at - t) / shown)).toFixed(1);
    const step = (joined ? 'L' : 'M') + x + ' ' + (height - 1 - (height - 2) * v / top).toFixed(1);
    line += step;
    area += step;
    if (!joined) first = x;
    before = t;
  }
  close();
  return {line, area, top};
}

function sparkline(width, height) {
  const area = svg('path', {class: 'area'}), line = svg('path', {class: 'line'});
  const node = svg('svg', {class: 'spark', viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true'}, area, line);
  return {node, draw(values, least) {
    const p = plot(values, width, height, least);
    attribute(line, 'd', p.line);
    attribute(area, 'd', p.area);
    return p;
  }};
}
