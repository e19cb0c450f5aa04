// The table of processes. Only the rows in sight are in the document, whatever their number.

const table = {
  sort: 'name', down: false,
  states: new Set(),
  shown: [],            // what the filters let through, in order
  rows: new Map(),      // name → row in the document
  at: '',               // the row that the keyboard is at
  above: el('tr', {class: 'pad', 'aria-hidden': 'true'}, el('td')),
  below: el('tr', {class: 'pad', 'aria-hidden': 'true'}, el('td')),
  labels: '',
};

const collator = new Intl.Collator('en', {numeric: true});
const orders = {
  name: p => p.info.name,
  state: p => severity.indexOf(shape(p.info)),
  ready: p => p.info.ready ? 0 : 1,
  cpu: p => p.info.cpu_percent,
  mem: p => p.info.memory_mb,
  restarts: p => p.info.restarts,
  time: p => p.info.pid ? Date.parse(p.info.start_time) : p.info.next_run ? Date.parse(p.info.next_run) : Infinity,
  end: p => p.info.end_time ? -Date.parse(p.info.end_time) : Infinity,
};
const largestFirst = new Set(['cpu', 'mem', 'restarts']);

/** Why the last life ended, and how where that is not said yet. */
function endingParts(x) {
  if (!x.reason || shape(x) === 'suspended') return ['', ''];
  if (x.signal) return x.reason === 'Signaled' ? [x.signal, ''] : [x.reason, x.signal];
  return [x.reason, x.exit_code ? 'exit ' + x.exit_code : ''];
}

const joined = parts => parts.filter(Boolean).join(' · ');

/** Both, in one line. */
function ending(x) { return joined(endingParts(x)); }

/** What belongs to the state: what it waits for, when it goes on. */
function remark(info) {
  if (info.waits_for && info.waits_for.length) return 'for ' + info.waits_for.join(', ');
  if (info.status === 'backoff' && info.next_retry) return inTime(info.next_retry);
  return '';
}

function timing(info) {
  if (info.pid && info.start_time) return span(now() - Date.parse(info.start_time));
  if (info.next_run) return inTime(info.next_run, true);
  return '–';
}

function passes(info, terms, label) {
  if (table.states.size && !table.states.has(shape(info))) return false;
  if (label && (info.labels || {})[label.slice(0, label.indexOf('='))] !== label.slice(label.indexOf('=') + 1)) return false;
  if (!terms.length) return true;
  const hay = [info.name, info.command, info.status, info.reason, info.error, info.group, info.job_id, info.cron,
    ...Object.entries(info.labels || {}).map(([k, v]) => k + '=' + v)].join('\n').toLowerCase();
  return terms.every(term => hay.includes(term));
}

function drawList() {
  drawFilters();
  const terms = $('filter').value.toLowerCase().split(/\s+/).filter(Boolean), label = $('label').value;
  const key = orders[table.sort], sign = table.down ? -1 : 1;
  table.shown = [...model.processes.values()].filter(p => passes(p.info, terms, label)).sort((a, b) => {
    const x = key(a), y = key(b);
    const order = typeof x === 'string' ? collator.compare(x, y) : x === y ? 0 : x < y ? -1 : 1;
    return sign * order || collator.compare(a.info.name, b.info.name);
  });
  const all = model.processes.size, some = table.shown.length;
  const busy = table.shown.reduce((sum, p) => sum + (p.info.pid ? p.info.cpu_percent : 0), 0);
  text($('shown'), (some === all ? plural(all, 'process', 'processes') : `${some} of ${all}`) + (some ? ` · CPU ${percent(busy)}` : ''));
  $('table').hidden = some === 0;
  $('empty').hidden = some > 0;
  text($('empty'), all ? 'No process passes the filter. Esc clears it.' : model.taken ? nothing() : 'Waiting for the manager …');
  if (!table.shown.some(p => p.info.name === table.at)) table.at = some ? table.shown[0].info.name : '';
  attribute($('table'), 'aria-rowcount', String(some + 1));
  for (const th of $('head').children) {
    if (th.dataset.sort) attribute(th, 'aria-sort', th.dataset.sort === table.sort ? (table.down ? 'descending' : 'ascending') : null);
  }
  drawRows();
}

/** Why there is nothing to see, and what to do. */
function nothing() {
  const {source, path} = model.manifest || {};
  const add = source === 'file' ? `Name some in its manifest, ${path}` : source === 'api' ? 'Apply a manifest that names some' : 'It runs without a manifest: apply one';
  return `The manager has no processes. ${add}, or start one with pmclient start.`;
}

function drawFilters() {
  const counts = new Map(), labels = new Set();
  for (const {info} of model.processes.values()) {
    counts.set(shape(info), (counts.get(shape(info)) || 0) + 1);
    for (const [k, v] of Object.entries(info.labels || {})) if (labels.size < 300) labels.add(k + '=' + v);
  }
  const chips = $('states');
  for (const state of severity) {
    let chip = chips.querySelector(`[data-state=${state}]`);
    const count = counts.get(state) || 0;
    if (!count && !table.states.has(state)) { if (chip) chip.remove(); continue; }
    if (!chip) {
      chip = el('button', {class: 'chip', 'data-state': state, onclick() {
        if (!table.states.delete(state)) table.states.add(state);
        drawList();
      }}, icon(state), el('span', {text: word(state)}), el('b'));
      const after = [...chips.children].find(c => severity.indexOf(c.dataset.state) > severity.indexOf(state));
      chips.insertBefore(chip, after || null);
    }
    text(chip.lastChild, String(count));
    attribute(chip, 'aria-pressed', String(table.states.has(state)));
  }
  const sorted = [...labels].sort(collator.compare), select = $('label'), chosen = select.value;
  if (sorted.join() !== table.labels) {
    table.labels = sorted.join();
    if (chosen && !labels.has(chosen)) sorted.push(chosen);
    select.replaceChildren(el('option', {value: '', text: 'any label'}), ...sorted.map(l => el('option', {value: l, text: l})));
    select.value = chosen;
  }
  select.hidden = sorted.length === 0;
}

const rowHeight = () => matchMedia('(max-width: 720px)').matches ? 54 : 36;

function drawRows() {
  if ($('list').hidden) return;
  const body = $('rows'), height = rowHeight(), focused = document.activeElement;
  if (table.above.parentNode !== body) body.replaceChildren(table.above, table.below);
  const top = -table.above.getBoundingClientRect().top;
  const first = Math.max(0, Math.min(Math.floor(top / height) - 8, table.shown.length - 1));
  const last = Math.min(table.shown.length, Math.ceil((top + innerHeight) / height) + 8);
  const window = table.shown.slice(first, Math.max(first, last));
  const names = new Set(window.map(p => p.info.name));
  for (const [name, row] of table.rows) if (!names.has(name)) { row.node.remove(); table.rows.delete(name); }
  let place = table.above.nextSibling;
  window.forEach((p, i) => {
    let row = table.rows.get(p.info.name);
    if (!row) { row = makeRow(p.info.name); table.rows.set(p.info.name, row); }
    if (row.node === place) place = place.nextSibling;
    else body.insertBefore(row.node, place);
    row.update(p);
    attribute(row.node, 'aria-rowindex', String(first + i + 2));
  });
  table.above.firstChild.style.height = first * height + 'px';
  table.below.firstChild.style.height = Math.max(0, table.shown.length - first - window.length) * height + 'px';
  if (focused !== document.activeElement && focused.isConnected) focused.focus({preventScroll: true});
}

function makeRow(name) {
  const cell = (kind, ...children) => el('td', {class: 'c-' + kind}, ...children);
  const state = el('span', {class: 'state'}), phone = el('span', {class: 'phone state'});
  const command = el('span', {class: 'sub desk'}), ready = cell('ready');
  const cpu = sparkline(56, 20), mem = sparkline(56, 20);
  const cpuText = el('span', {class: 'num'}), memText = el('span', {class: 'num'});
  const restarts = cell('rest'), time = cell('time');
  const reason = el('span'), ended = el('span', {class: 'sub'}), end = cell('end', reason, ended);
  const anchor = el('a', {class: 'name', href: '#/process/' + name, title: name, text: name});
  const buttons = Object.fromEntries(['trigger', 'start', 'stop', 'restart'].map(id => [id, actionButton(id, true)]));
  const acts = cell('act', ...Object.values(buttons).map(b => b.button));
  const node = el('tr', {class: 'row', 'data-name': name,
    onclick(event) { if (!event.target.closest('a,button') && !String(getSelection())) location.hash = '#/process/' + name; }},
    el('th', {scope: 'row', class: 'c-name'}, anchor, command, phone), cell('state', state), ready,
    cell('cpu', el('div', {class: 'meter cpu'}, cpu.node, cpuText)), cell('mem', el('div', {class: 'meter mem'}, mem.node, memText)),
    restarts, time, end, acts);
  let drawn = -1;
  return {node, anchor, update(p) {
    const {info} = p, here = table.at === name;
    fillState(state, info, remark(info));
    fillState(phone, info, remark(info) || (!idle(info) ? timing(info) : info.status === 'completed' ? '' : ending(info)));
    text(command, info.command);
    attribute(command, 'title', info.command);
    text(ready, info.status === 'running' ? (info.ready ? 'yes' : 'no') : '–');
    ready.classList.toggle('no', info.status === 'running' && !info.ready);
    text(cpuText, info.pid ? percent(info.cpu_percent) : '–');
    text(memText, info.pid ? mebibytes(info.memory_mb) : '–');
    if (drawn !== model.taken) { drawn = model.taken; cpu.draw(p.cpu, 5); mem.draw(p.mem, 1); }
    text(restarts, String(info.restarts));
    text(time, timing(info));
    attribute(time, 'title', info.pid ? 'since ' + info.start_time : info.next_run || '');
    const [why, how] = endingParts(info);
    text(reason, why);
    text(ended, why && joined([how, info.end_time ? ago(info.end_time, true) : '']));
    attribute(end, 'title', [ending(info), info.error].filter(Boolean).join(': '));
    buttons.start.button.hidden = !idle(info);
    buttons.stop.button.hidden = idle(info);
    buttons.trigger.button.hidden = info.cron === '';
    if (document.activeElement.hidden && node.contains(document.activeElement)) anchor.focus({preventScroll: true});
    for (const b of Object.values(buttons)) { b.update(info); b.button.tabIndex = here ? 0 : -1; }
    anchor.tabIndex = here ? 0 : -1;
    node.classList.toggle('at', here);
  }};
}

function fillState(node, info, more) {
  const state = shape(info);
  if (node.dataset.state !== state) {
    node.dataset.state = state;
    node.replaceChildren(icon(state), el('span', {text: word(state)}), el('span', {class: 'muted'}));
  }
  text(node.lastChild, more || '');
  attribute(node, 'title', more ? word(state) + ' ' + more : word(state));
}

/** Moves the keyboard to a row, and the row into sight. */
function goTo(index) {
  if (!table.shown.length) return;
  index = Math.max(0, Math.min(table.shown.length - 1, index));
  table.at = table.shown[index].info.name;
  const height = rowHeight(), y = table.above.getBoundingClientRect().top + scrollY + index * height;
  if (y < scrollY + 40) scrollTo(0, y - 80);
  else if (y + height > scrollY + innerHeight) scrollTo(0, y + height - innerHeight + 40);
  drawRows();
  const row = table.rows.get(table.at);
  if (row) row.anchor.focus({preventScroll: true});
}

const atIndex = () => table.shown.findIndex(p => p.info.name === table.at);

function startList() {
  $('head').addEventListener('click', event => {
    const th = event.target.closest('th[data-sort]');
    if (!th) return;
    table.down = table.sort === th.dataset.sort ? !table.down : largestFirst.has(th.dataset.sort);
    table.sort = th.dataset.sort;
    drawList();
  });
  $('rows').addEventListener('focusin', event => {
    const row = event.target.closest('tr.row');
    if (row && table.at !== row.dataset.name) { table.at = row.dataset.name; drawRows(); }
  });
  $('filter').addEventListener('input', drawList);
  $('label').addEventListener('change', drawList);
  let waiting = false;
  const moved = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; drawRows(); });
  };
  addEventListener('scroll', moved, {passive: true});
  addEventListener('resize', moved);
}
