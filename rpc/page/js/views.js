// Schedules, events and the manager itself.

function drawSchedules() {
  const list = [...model.processes.values()].map(p => p.info).filter(info => info.cron !== '');
  const at = info => info.next_run ? Date.parse(info.next_run) : Infinity;
  list.sort((a, b) => at(a) - at(b) || collator.compare(a.name, b.name));
  $('s-none').hidden = list.length > 0;
  const body = $('s-rows'), names = list.slice(0, 300).map(info => info.name);
  if (body.dataset.names !== names.join()) {
    body.dataset.names = names.join();
    body.replaceChildren(...names.map(name => {
      const button = actionButton('trigger');
      const row = el('tr', {}, el('td', {class: 'nw'}, el('a', {class: 'name', href: '#/process/' + name, text: name})),
        el('td', {class: 'nw'}, el('code')), el('td', {class: 'nw'}), el('td', {class: 'nw'}, el('span', {class: 'state'})), el('td', {class: 'nw'}), el('td', {class: 'r acts-cell'}, el('span', {class: 'acts'}, button.button)));
      row.fill = info => {
        const cells = row.children, zone = (specOf(info) || {}).timeZone;
        text(cells[1].firstChild, info.cron + (zone ? '  ' + zone : ''));
        text(cells[2], info.next_run ? `${when(info.next_run)} · ${inTime(info.next_run)}` : info.pid ? 'runs' : '–');
        fillState(cells[3].firstChild, info, '');
        text(cells[4], ending(info) ? ending(info) + (info.end_time ? ' · ' + ago(info.end_time) : '') : 'none yet');
        button.update(info);
      };
      return row;
    }));
  }
  [...body.children].forEach((row, i) => row.fill(list[i]));
}

// --- Events ---

const stream = {timer: 0, follow: true, key: ''};

function onEvent(event) {
  if (event.type === 'shutdown') toast('The manager is shutting down: it ends all processes, and then itself.', true);
  if (event.name === detail.name && (event.type === 'ended' || event.type === 'deleted')) {
    clearTimeout(detail.timer);
    detail.timer = setTimeout(askRuns, 200);
  }
  if (!stream.timer) stream.timer = setTimeout(() => { stream.timer = 0; drawEvents(); }, 300);
}

/** One change is several events: a life ends, its status changes, it is not ready any more.
    What happens to one process within a moment is told in one line. */
function changes(events) {
  const open = new Map(), lines = [];
  for (const event of events) {
    const at = Date.parse(event.ts), known = event.name && open.get(event.name);
    if (known && at - known.at < 100) { known.events.push(event); known.at = at; continue; }
    const line = {at, events: [event]};
    open.set(event.name, line);
    lines.push(line);
  }
  return lines;
}

/** The states that it went through, with how a life ended between them: exit 3 → backoff. */
function describe(events) {
  const steps = [], more = [];
  const step = words => { if (words && steps.at(-1) !== words) steps.push(words); };
  const told = events.some(e => e.type === 'ended'), {next_run, status} = events.at(-1);
  for (const e of events) {
    if (e.type === 'ended' || !told) step(ending(e));
    if (e.status) step(word(shape(e)));
    else if (e.type !== 'ended') step(e.type);
    if (e.message) more.push(e.message);
  }
  if (next_run && status === 'scheduled') more.push('next run ' + when(next_run));
  return [steps.join(' → '), ...new Set(more)].filter(Boolean).join(' · ');
}

function eventLine(events, own) {
  const {name, ts, type, status} = events.at(-1), state = status ? shape(events.at(-1)) : '';
  return el('li', {},
    timeOf(ts),
    own ? null : el('span', {class: 'kind', 'data-state': state}, state ? icon(state) : '', ' ',
      name ? el('a', {class: 'name', href: '#/process/' + name, text: name}) : el('b', {text: type})),
    el('span', {class: 'what', 'data-state': state}, own && state ? icon(state) : '', own ? ' ' : '', describe(events)));
}

// Lines that stay are the same elements, so that the focus stays where it is.
function fillEvents(list, lines, own) {
  const known = list.known || new Map(), focused = document.activeElement;
  list.known = new Map();
  for (const {events} of lines) {
    const key = own + ' ' + events.map(e => e.seq).join();
    list.known.set(key, known.get(key) || eventLine(events, own));
  }
  list.replaceChildren(...list.known.values());
  if (focused !== document.activeElement && focused.isConnected) focused.focus({preventScroll: true});
}

function drawEvents() {
  if (detail.name) {
    const own = changes(model.events.filter(e => e.name === detail.name)).slice(-50).reverse();
    $('d-events-none').hidden = own.length > 0;
    fillEvents($('d-events'), own, detail.name);
  }
  if ($('events').hidden || !stream.follow) return;
  const wanted = $('e-filter').value.toLowerCase();
  const found = changes(model.events.slice(-maxEvents)).reverse()
    .filter(({events}) => !wanted || [events[0].name, events[0].type, describe(events)].join(' ').toLowerCase().includes(wanted));
  $('e-none').hidden = found.length > 0;
  text($('e-none'), model.events.length ? 'No event passes the filter.' : 'Nothing has happened yet.');
  text($('e-since'), model.eventsSince ? 'since ' + when(model.eventsSince) : '');
  fillEvents($('e-rows'), found, '');
}

function startEvents() {
  $('e-filter').addEventListener('input', drawEvents);
  $('e-follow').addEventListener('click', () => {
    stream.follow = !stream.follow;
    text($('e-follow'), stream.follow ? 'Following' : 'Paused');
    attribute($('e-follow'), 'aria-pressed', String(stream.follow));
    drawEvents();
  });
}

// --- System ---

/** What the container uses and may use. */
function drawContainer(c) {
  $('y-container-panel').hidden = !c;
  if (!c) return;
  const whose = by => by === 'host' ? ' (the whole machine)' : '';
  const share = (used, most) => `${used} of ${most}`;
  const memory = c.memory_by && mebibytes(c.memory_mb || 0), most = c.memory_limit_by && mebibytes(c.memory_limit_mb);
  facts($('y-container'), [
    ['Memory', memory && most ? share(memory + (c.memory_by === c.memory_limit_by ? '' : whose(c.memory_by)), most + whose(c.memory_limit_by)) : memory ? memory + whose(c.memory_by) : ''],
    ['CPU now', Number.isNaN(model.busy) ? '' : percent(model.busy) + (c.cpus ? ` of ${Math.round(c.cpus * 100)} %` : '')],
    ['CPU time', c.cpu_seconds ? span(c.cpu_seconds * 1000) : ''],
    ['Cores', c.cpus],
    ['Tasks', c.tasks ? (c.tasks_limit ? share(c.tasks, c.tasks_limit) : c.tasks) : ''],
  ]);
  const bar = $('y-memory'), full = memory && most ? Math.min(1, c.memory_mb / c.memory_limit_mb) : 0;
  bar.hidden = !full;
  bar.firstChild.style.width = (full * 100).toFixed(1) + '%';
  bar.classList.toggle('high', full > .9);
}

function drawSystem() {
  const s = model.system, m = model.manifest;
  if (!s || !m) return;
  const counts = new Map();
  for (const {info} of model.processes.values()) counts.set(shape(info), (counts.get(shape(info)) || 0) + 1);
  facts($('y-facts'), [
    ['Version', s.version],
    ['Up since', atTime(s.start_time, span(now() - Date.parse(s.start_time)))],
    ['PID', s.pid + (s.init ? ' · it is init here' : ' · not PID 1: it is a subreaper')],
    ['Processes', [...severity].filter(state => counts.has(state)).map(state => counts.get(state) + ' ' + word(state)).join(', ') || 'none'],
    ['Process trees', (s.trees === 'cgroup' ? 'cgroup v2' : 'from /proc') + (s.trees_why ? ': ' + s.trees_why : '')],
    ['Limits', (s.limits === 'cgroup' ? 'cgroup v2' : 'watched by the manager') + (s.limits_why ? ': ' + s.limits_why : '')],
    ['Controllers', s.controllers.join(', ')],
    ['You are', link.role],
    ['Shutting down', s.shutting_down ? 'yes' : ''],
  ]);
  drawContainer(s.container);
  $('y-error').hidden = !m.error;
  text($('y-error'), m.error ? 'The newest manifest is not in force: ' + m.error : '');
  facts($('y-manifest'), [
    ['Source', {file: 'file', api: 'the API', none: 'none'}[m.source] || m.source],
    ['Path', m.path ? el('code', {text: m.path}) : ''],
    ['In force since', m.applied_time ? atTime(m.applied_time, ago(m.applied_time)) : ''],
    ['Revision', m.revision ? el('code', {text: m.revision}) : ''],
    ['Last reload', m.error ? 'refused, see above' : m.source === 'none' ? '' : 'good'],
    ['Processes', m.processes.length],
    ['Grace for shutdown', span(m.terminationGracePeriodSeconds * 1000)],
    ['Exit policy', m.exitPolicy],
  ]);
}
