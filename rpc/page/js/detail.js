// One process in full.

const detail = {name: '', buttons: null, treeAt: 0, cpu: sparkline(300, 74), mem: sparkline(300, 74), runs: '', timer: 0};

function openDetail(name) {
  detail.name = name;
  detail.runs = '';
  detail.treeAt = 0;
  text($('d-name'), name);
  drawRuns([]);
  openLog(name);
  askRuns();
  drawDetail();
  drawEvents();
}

function closeDetail() {
  detail.name = '';
  closeLog();
}

async function askRuns() {
  const {name} = detail;
  if (!name || link.state !== 'live') return;
  try {
    const runs = await call('process.history', {name});
    if (name === detail.name) drawRuns(runs);
  } catch { /* it has gone, and the page says so */ }
}

// The tree is read for this page alone, so no more often than the list.
async function askTree(info) {
  if (!info.pid) { drawTree([]); return; }
  if (link.state !== 'live' || Date.now() - detail.treeAt < 1900) return;
  detail.treeAt = Date.now();
  try {
    const members = await call('process.tree', {name: info.name});
    if (info.name === detail.name) drawTree(members);
  } catch { /* it has ended meanwhile */ }
}

const maxMembers = 100;

function drawTree(members) {
  $('d-tree-panel').hidden = members.length === 0;
  const body = $('d-tree'), shown = members.slice(0, maxMembers);
  while (body.childElementCount > shown.length) body.lastChild.remove();
  shown.forEach((m, i) => {
    if (!body.children[i]) body.append(el('tr', {}, el('td', {class: 'cut'}, el('code')), el('td', {class: 'r'}), el('td', {class: 'r'}), el('td', {class: 'r'})));
    const [what, pid, cpu, memory] = body.children[i].children;
    what.style.paddingLeft = Math.min(m.depth, 10) * 12 + 'px';
    text(what.firstChild, (m.depth ? '└ ' : '') + (m.command || m.name) + (m.task ? ` (${m.task})` : ''));
    attribute(what, 'title', `${m.command || m.name}\n${m.state} · ${plural(m.threads, 'thread')} · since ${m.start_time}`);
    text(pid, String(m.pid));
    text(cpu, percent(m.cpu_percent));
    text(memory, mebibytes(m.memory_mb));
  });
  $('d-tree-more').hidden = members.length <= maxMembers;
  text($('d-tree-more'), `and ${members.length - maxMembers} more`);
}

function drawDetail() {
  const {name} = detail, p = model.processes.get(name);
  if (!name) return;
  $('d-gone').hidden = !!p || !model.taken;
  $('d-acts').hidden = $('d-state').hidden = !p;
  $('d-body').hidden = !p && !log.count;
  if (!p) return;
  const {info} = p;
  if (!detail.buttons) {
    detail.buttons = Object.keys(actions).map(id => actionButton(id));
    $('d-acts').replaceChildren(...detail.buttons.map(b => b.button));
  }
  for (const b of detail.buttons) {
    b.update(info);
    if (b.button.dataset.action === 'trigger') b.button.hidden = info.cron === '';
  }
  fillState($('d-state'), info, remark(info));
  $('d-error').hidden = !info.error;
  text($('d-error'), info.error);
  text($('d-cpu'), info.pid ? percent(info.cpu_percent) : '–');
  text($('d-mem'), info.pid ? mebibytes(info.memory_mb) + (info.memory ? ` of ${mebibytes(info.memory.limit_mb)}` : '') : '–');
  drawPlot($('d-cpu-plot'), detail.cpu, p.cpu, 5, percent, 'CPU');
  // With a limit the plot shows how near to it the process is.
  drawPlot($('d-mem-plot'), detail.mem, p.mem, info.memory ? info.memory.limit_mb : 1, mebibytes, 'Memory');
  text($('d-shown'), info.pid ? 'last ' + span(shownTime(Date.now()), true) : '');
  drawFacts(info);
  drawProbes(info);
  askTree(info);
  drawDependencies(info);
  const spec = specOf(info), shown = spec ? yaml(spec, '') : '';
  $('d-spec-panel').hidden = !spec;
  text($('d-spec'), shown);
}

function drawPlot(box, lines, values, least, unit, what) {
  if (!box.firstChild) box.append(lines.node);
  const drawn = lines.draw(values, least), top = unit(drawn.top);
  box.hidden = !drawn.line;
  attribute(box, 'data-top', top);
  attribute(box, 'role', 'img');
  attribute(box, 'aria-label', `${what} of the last minutes, highest ${top}`);
}

/** Fills a list of terms; a value is text or a node, and one without a value is left out. */
function facts(list, pairs) {
  const wanted = pairs.filter(pair => pair[1] !== '' && pair[1] !== null && pair[1] !== undefined);
  const same = list.childElementCount === wanted.length * 2 && wanted.every(([key], i) => list.children[i * 2].textContent === key);
  if (!same) list.replaceChildren(...wanted.flatMap(([key]) => [el('dt', {text: key}), el('dd')]));
  wanted.forEach(([, value], i) => {
    const dd = list.children[i * 2 + 1];
    if (!(value instanceof Node)) text(dd, String(value));
    else if (dd.textContent !== value.textContent) dd.replaceChildren(value);
  });
}

const atTime = (iso, more) => iso ? el('span', {}, timeOf(iso), el('span', {class: 'muted', text: ' · ' + more})) : '';

function drawFacts(info) {
  const spec = specOf(info) || {};
  facts($('d-facts'), [
    ['Command', el('code', {text: info.command})],
    ['PID', info.pid === null ? '' : info.pid],
    ['Run', info.run || ''],
    [info.pid ? 'Up since' : 'Last began', info.start_time ? atTime(info.start_time, info.pid ? span(now() - Date.parse(info.start_time)) : ago(info.start_time)) : ''],
    ['CPU time', info.cpu_seconds ? (info.cpu_seconds < 60 ? info.cpu_seconds.toFixed(2) + ' s' : span(info.cpu_seconds * 1000)) : ''],
    ['Tree', info.tree_size ? plural(info.tree_size, 'process', 'processes') + (info.threads ? ', ' + plural(info.threads, 'thread') : '') : ''],
    ['Says', info.status_text],
    ['Restarts', info.restarts + (spec.maxRestarts !== undefined && spec.maxRestarts !== null ? ` (at most ${spec.maxRestarts} in a row)` : '')],
    ['Restart policy', spec.restartPolicy],
    ['Next restart', info.next_retry ? atTime(info.next_retry, inTime(info.next_retry)) : ''],
    ['Last end', ending(info) ? ending(info) + (info.end_time ? ' · ' + ago(info.end_time) : '') : ''],
    ['Schedule', info.cron ? info.cron + (spec.timeZone ? ' (' + spec.timeZone + ')' : '') : ''],
    ['Next run', info.next_run ? atTime(info.next_run, inTime(info.next_run)) : ''],
    ['Deadline', info.deadline ? span(info.deadline * 1000) : ''],
    ['Memory limit', info.memory ? `${mebibytes(info.memory.limit_mb)}, ${info.memory.by === 'cgroup' ? 'enforced by the kernel' : 'watched by the manager'}` : ''],
    ['Labels', info.labels && Object.keys(info.labels).length ? el('span', {}, ...Object.entries(info.labels).map(([k, v]) => el('span', {class: 'tag', text: k + '=' + v}))) : ''],
    ['Group', info.group && info.group !== info.name ? info.group : ''],
    ['Job', info.job_id],
    ['Essential', spec.essential ? 'yes: the container ends with it' : ''],
    ['Log file', info.log_enabled ? 'yes' : ''],
  ]);
}

function drawProbes(info) {
  const probes = info.probes || [];
  $('d-probes-panel').hidden = !probes.length;
  const key = JSON.stringify(probes);
  if ($('d-probes').dataset.key === key) return;
  $('d-probes').dataset.key = key;
  $('d-probes').replaceChildren(...probes.map(probe => el('tr', {},
    el('td', {class: 'nw', text: probe.probe}),
    el('td', {class: 'nw ' + (probe.ok ? 'yes' : 'no'), text: probe.ok ? '✓ ok' : probe.time ? '✕ ' + plural(probe.failures, 'failure') : '… none yet'}),
    el('td', {class: 'wide'}, probe.time ? timeOf(probe.time) : '–', probe.message ? el('div', {class: 'muted', text: probe.message}) : null))));
}

function drawDependencies(info) {
  const spec = specOf(info) || {}, waits = info.waits_for || [], own = info.group || info.name;
  const items = (spec.dependsOn || []).map(d => ({name: d.name, words: d.condition || 'Started', waits: waits.some(w => w.startsWith(d.name + ' '))}));
  for (const other of model.specs.values()) {
    for (const d of other.dependsOn || []) if (d.name === own) items.push({name: other.name, words: 'depends on this (' + (d.condition || 'Started') + ')'});
  }
  $('d-deps-panel').hidden = !items.length && !waits.length;
  const key = JSON.stringify([items, waits]);
  if ($('d-deps').dataset.key === key) return;
  $('d-deps').dataset.key = key;
  $('d-deps').replaceChildren(...items.map(item => el('li', {},
    el('a', {href: '#/process/' + item.name, text: item.name}),
    el('span', {class: 'muted', text: ' ' + item.words}), item.waits ? el('b', {class: 'no', text: ' · waits for it'}) : null)),
  ...(items.length ? [] : waits.map(w => el('li', {text: 'waits for ' + w}))));
}

// The one place where less than a second tells something.
const lasted = ms => ms < 1000 ? Math.max(0, Math.round(ms)) + ' ms' : span(ms);

function drawRuns(runs) {
  const key = JSON.stringify(runs.map(r => [r.name, r.run]));
  if (key === detail.runs) return;
  detail.runs = key;
  $('d-runs-none').hidden = runs.length > 0;
  $('d-runs-table').hidden = !runs.length;
  const newest = [...runs].sort((a, b) => Date.parse(b.end_time) - Date.parse(a.end_time));
  $('d-runs').replaceChildren(...newest.map(r => el('tr', {},
    el('td', {class: 'nw', text: r.name === detail.name ? String(r.run) : r.name}),
    el('td', {class: 'nw'}, r.start_time ? timeOf(r.start_time) : 'not started'),
    el('td', {class: 'nw', text: r.start_time ? lasted(Date.parse(r.end_time) - Date.parse(r.start_time)) : '–'}),
    el('td', {class: 'nw'}, fate(r)),
    el('td', {class: 'wide'}, r.error ? el('div', {text: r.error}) : null, r.log && r.log.length ? el('details', {},
      el('summary', {class: 'muted', text: plural(r.log.length, 'line')}),
      el('pre', {text: r.log.map(l => plainText(l.msg).plain).join('\n')})) : null))));
}

// What somebody asked for is no failure.
const asked = new Set(['StoppedByUser', 'ConfigChanged', 'Shutdown', 'Replaced', 'Suspended']);

function fate(r) {
  const state = r.reason === 'Completed' ? 'completed' : asked.has(r.reason) ? 'stopped' : 'failed';
  return el('span', {class: 'state', 'data-state': state}, icon(state), ending(r));
}

/** A spec as the manifest would say it. */
function yaml(value, pad) {
  if (Array.isArray(value)) {
    if (value.every(v => typeof v !== 'object' || v === null)) return '[' + value.map(v => scalar(v, pad)).join(', ') + ']';
    return value.map(v => '\n' + pad + '- ' + yaml(v, pad + '  ').trimStart()).join('');
  }
  if (value === null || typeof value !== 'object') return scalar(value, pad);
  const pairs = Object.entries(value).filter(([, v]) => v !== null && v !== undefined);
  if (!pairs.length) return '{}';
  return pairs.map(([k, v]) => {
    const inner = typeof v === 'string' && v.includes('\n') ? block(v, pad + '  ') : yaml(v, pad + '  ');
    return (pad || k !== pairs[0][0] ? '\n' + pad : '') + k + ':' + (inner.startsWith('\n') ? '' : ' ') + inner;
  }).join('');
}

const block = (v, pad) => (v.endsWith('\n') ? '|' : '|-') + v.replace(/\n$/, '').split('\n').map(l => '\n' + pad + l).join('');

function scalar(v) {
  if (typeof v !== 'string') return String(v);
  return /^[A-Za-z_./][\w ./=@+-]*$/.test(v) && !/^(true|false|null|yes|no|on|off|y|n|\.)$|\s$/i.test(v) ? v : JSON.stringify(v);
}
