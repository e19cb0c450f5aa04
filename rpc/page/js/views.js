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
        el('td', {class: 'nw'}, el('code')), el('td', {class: 'nw'}), el('td', {class: 'nw'}, el('span', {class: 'state'})), el('td', {class: 'nw'}), el('td', {class: 'acts'}, button.button));
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

function describe(event) {
  const parts = [];
  if (event.status) parts.push(word(event.status === 'running' && !event.ready ? 'unready' : event.status));
  if (event.type === 'ready') parts.push(event.ready ? 'ready' : 'not ready');
  if (ending(event)) parts.push(ending(event));
  if (event.next_run) parts.push('next run ' + when(event.next_run));
  if (event.message) parts.push(event.message);
  return [...new Set(parts)].join(' · ');
}

const eventLine = (event, own) => el('li', {},
  timeOf(event.ts),
  el('span', {class: 'kind', 'data-state': event.status ? (event.status === 'running' && !event.ready ? 'unready' : event.status) : ''},
    event.status ? icon(event.status === 'running' && !event.ready ? 'unready' : event.status) : '', ' ',
    event.name ? (own ? event.type : el('a', {href: '#/process/' + event.name, text: event.name})) : el('b', {text: event.type})),
  el('span', {class: 'what', text: describe(event) || event.type}));

function fillEvents(list, found, own) {
  list.replaceChildren(...found.map(event => eventLine(event, own)));
}

function drawEvents() {
  if (detail.name) {
    const own = model.events.filter(e => e.name === detail.name).slice(-50).reverse();
    $('d-events-none').hidden = own.length > 0;
    fillEvents($('d-events'), own, true);
  }
  if ($('events').hidden || !stream.follow) return;
  const wanted = $('e-filter').value.toLowerCase();
  const found = model.events.filter(e => !wanted || [e.name, e.type, describe(e)].join(' ').toLowerCase().includes(wanted)).slice(-maxEvents).reverse();
  $('e-none').hidden = found.length > 0;
  text($('e-none'), model.events.length ? 'No event passes the filter.' : 'Nothing has happened yet.');
  text($('e-since'), model.eventsSince ? 'since ' + when(model.eventsSince) : '');
  fillEvents($('e-rows'), found, false);
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

// holds tells what the container uses and may use.
function holds(c) {
  const whose = by => by === 'host' ? ' (of the host)' : '';
  return [
    c.memory_by && 'memory ' + mebibytes(c.memory_mb || 0) + whose(c.memory_by),
    c.memory_limit_by && 'at most ' + mebibytes(c.memory_limit_mb) + whose(c.memory_limit_by),
    c.cpu_seconds && 'CPU ' + Math.round(c.cpu_seconds) + ' s',
    c.cpus && c.cpus + ' cores',
    c.tasks && c.tasks + ' tasks' + (c.tasks_limit ? ', at most ' + c.tasks_limit : ''),
  ].filter(Boolean).join(', ');
}

function drawSystem() {
  const s = model.system, m = model.manifest;
  if (!s || !m) return;
  const counts = new Map();
  for (const {info} of model.processes.values()) counts.set(shape(info), (counts.get(shape(info)) || 0) + 1);
  facts($('y-facts'), [
    ['Version', s.version],
    ['Up since', atTime(s.start_time, span(now() - Date.parse(s.start_time)))],
    ['PID', s.pid + (s.init ? ' · it is init (PID 1) here' : ' · not PID 1: it is a subreaper')],
    ['Processes', [...severity].filter(state => counts.has(state)).map(state => counts.get(state) + ' ' + word(state)).join(', ') || 'none'],
    ['Process trees', (s.trees === 'cgroup' ? 'cgroup v2' : 'from /proc') + (s.trees_why ? ': ' + s.trees_why : '')],
    ['Limits', (s.limits === 'cgroup' ? 'cgroup v2' : 'watched by the manager') + (s.limits_why ? ': ' + s.limits_why : '')],
    ['Controllers', s.controllers.join(', ')],
    ['Container', s.container ? holds(s.container) : ''],
    ['You are', link.role],
    ['Shutting down', s.shutting_down ? 'yes' : ''],
  ]);
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
