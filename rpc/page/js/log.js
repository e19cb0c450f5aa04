// The log of one process: live, paused, searched. Memory is bounded twice: by lines kept
// and by lines in the document.

const log = {
  name: '', subscription: null,
  lines: [],            // {line} or {cut}, newest last
  size: 0,              // characters in lines
  count: 0,             // of all that came; the number of the newest
  drawn: 0,             // the newest that was drawn
  follow: true,
  timer: 0,
  newest: '', same: 0,  // time of the newest line, and how many have it
  skip: 0,              // so many lines with that time are known already
  run: 0,
};
const keptLines = 5000, keptSize = 4 << 20, drawnLines = 1500;

function openLog(name) {
  closeLog();
  log.name = name;
  clearLog();
  setFollow(true);
  joinLog();
}

function closeLog() {
  if (log.subscription) log.subscription.stop();
  log.subscription = null;
  log.name = '';
}

function clearLog() {
  Object.assign(log, {lines: [], size: 0, count: 0, drawn: 0, newest: '', same: 0, skip: 0, run: 0});
  $('log').replaceChildren();
  drawLog();
}

// Also after a lost connection: goes on behind the newest line that is known.
function joinLog() {
  if (!log.name || link.state !== 'live') return;
  if (log.subscription) log.subscription.stop();
  const params = {name: log.name, lines: 1000};
  if ($('log-stream').value) params.stream = $('log-stream').value;
  if ($('log-life').value) params.previous = true;
  if (log.newest) { params.since = log.newest; log.skip = log.same; }
  log.subscription = subscribe('logs.subscribe', params, takeLine, ({reason, message}) => {
    if (reason === 'slow' && link.state === 'live') joinLog();
    else if (reason !== 'shutdown' && link.state === 'live') { addCut(message); drawLogSoon(); }
  });
}

function takeLine({line, lost}) {
  if (log.skip > 0) {
    log.skip--;
    if (line.ts === log.newest) return;
    log.skip = 0;
  }
  if (line.ts === log.newest) log.same++;
  else { log.newest = line.ts; log.same = 1; }
  if (lost) addCut(`${lost} bytes are missing here: they came faster than they could be sent`);
  if (log.run && line.run !== log.run) addCut('run ' + line.run);
  log.run = line.run;
  keep({line}, line.msg.length);
  drawLogSoon();
}

const addCut = words => keep({cut: words}, words.length);

function keep(item, size) {
  log.lines.push(item);
  log.size += item.size = size + 50;
  log.count++;
  if (log.lines.length > keptLines * 1.1 || log.size > keptSize) {
    let n = Math.max(0, log.lines.length - keptLines);
    for (let i = 0; i < n; i++) log.size -= log.lines[i].size;
    while (log.size > keptSize && n < log.lines.length - 1) log.size -= log.lines[n++].size;
    log.lines.splice(0, n);
  }
}

function drawLogSoon() {
  if (!log.timer) log.timer = setTimeout(() => { log.timer = 0; drawLog(); }, 150);
}

const searched = () => $('log-search').value.toLowerCase();
const matches = (item, search) => !search || !!item.line && plainText(item.line.msg).plain.toLowerCase().includes(search);

function drawLog(anew) {
  const box = $('log'), search = searched();
  if (anew) { box.replaceChildren(); log.drawn = 0; }
  const fresh = log.count - log.drawn;
  if (log.follow || anew) {
    const unseen = fresh > log.lines.length ? log.lines : log.lines.slice(log.lines.length - fresh);
    const some = unseen.filter(item => matches(item, search)).slice(-drawnLines);
    box.append(...some.map(item => drawLine(item, search)));
    while (box.childElementCount > drawnLines) box.firstChild.remove();
    log.drawn = log.count;
    if (log.follow) box.scrollTop = box.scrollHeight;
  }
  const waiting = log.count - log.drawn;
  text($('log-follow'), log.follow ? 'Following' : waiting ? `Paused · ${waiting} new` : 'Paused');
  attribute($('log-follow'), 'aria-pressed', String(log.follow));
  attribute(box, 'data-empty', log.lines.length ? 'No line has what is searched for.' : 'Nothing has been written yet.');
  text($('log-count'), search ? plural(box.childElementCount, 'match', 'matches') : log.lines.length ? plural(log.lines.length, 'line') : '');
}

function drawLine(item, search) {
  if (item.cut) return el('div', {class: 'cut', text: item.cut});
  const {ts, msg, stream, run, partial} = item.line;
  return el('div', {class: stream === 'stderr' ? 'err' : '', title: stream === 'stderr' ? 'stderr' : null},
    el('time', {datetime: ts, title: `${ts} · ${stream} · run ${run}`, text: clockMillis.format(new Date(ts))}),
    el('span', {}, ...lineNodes(msg, search), partial && el('i', {class: 'muted', title: 'the line goes on in the next', text: ' ↩'})));
}

function setFollow(follow) {
  log.follow = follow;
  drawLog();
}

function startLog() {
  const box = $('log');
  $('log-follow').addEventListener('click', () => setFollow(!log.follow));
  for (const id of ['log-stream', 'log-life']) $(id).addEventListener('change', () => { clearLog(); joinLog(); });
  $('log-search').addEventListener('input', () => drawLog(true));
  $('log-time').addEventListener('change', event => box.classList.toggle('notime', !event.target.checked));
  $('log-wrap').addEventListener('change', event => box.classList.toggle('wrap', event.target.checked));
  if (matchMedia('(max-width: 720px)').matches) $('log-time').click(); // no room
  // Who scrolls up wants to read.
  let before = 0;
  box.addEventListener('scroll', () => {
    if (log.follow && box.scrollTop < before - 4 && box.scrollHeight - box.scrollTop - box.clientHeight > 30) setFollow(false);
    before = box.scrollTop;
  }, {passive: true});
  box.addEventListener('keydown', event => {
    if (event.key === 'End') setFollow(true);
  });
}
