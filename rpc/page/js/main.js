// Puts the parts together: which view is shown, keys, colours, and the start.

const views = ['list', 'detail', 'schedules', 'events', 'system'];
let view = '';

function route() {
  const [, first = '', second = ''] = location.hash.split('/');
  const before = view, beforeName = detail.name;
  const name = first === 'process' ? decodeName(second) : '';
  view = link.state === 'login' ? 'login' : name ? 'detail' : views.includes(first) && first !== 'detail' ? first : 'list';
  $('login').hidden = view !== 'login';
  for (const id of views) $(id).hidden = id !== view;
  for (const a of $('nav').children) attribute(a, 'aria-current', a.dataset.view === view || a.dataset.view === 'list' && view === 'detail' ? 'page' : null);
  $('nav').hidden = view === 'login';
  if (view === 'detail') { if (name !== beforeName) { table.at = name; openDetail(name); } } else if (detail.name) closeDetail();
  document.title = (name && view === 'detail' ? name + ' · ' : '') + 'Process Manager';
  if (view === before && name === beforeName) return;
  draw();
  drawEvents();
  if (view === 'system') askManifest();
  if (view === 'list' && before === 'detail') goTo(Math.max(0, atIndex()));
  else if (before) { scrollTo(0, 0); (view === 'login' ? $('secret') : document.querySelector(`#${view} h1`)).focus({preventScroll: true}); }
}

function decodeName(part) {
  try { return decodeURIComponent(part); } catch { return ''; }
}

function draw() {
  if (view === 'list') drawList();
  else if (view === 'detail') drawDetail();
  else if (view === 'schedules') drawSchedules();
  else if (view === 'system') drawSystem();
}

// --- The connection, in words ---

function showState(state, why) {
  attribute($('link'), 'data-is', state);
  text($('link-text'), {live: 'live', lost: 'not connected', connecting: 'connecting', login: 'signed out'}[state]);
  text($('role'), state === 'live' ? link.role : '');
  document.body.classList.toggle('viewer', state === 'live' ? link.role !== 'operator' : document.body.classList.contains('viewer'));
  $('leave').hidden = state === 'login' || link.secret === null;
  if (state === 'login') { if (model.taken) { forgetAll(why); return; } showLogin(why || tab.get('processmanager-why')); } else $('login-go').disabled = false;
  if (state === 'lost' && view === 'login') { showLogin(why); return; }
  const stale = state === 'lost' || state === 'connecting' && !$('banner').hidden;
  document.body.classList.toggle('stale', stale && model.taken > 0);
  $('banner').hidden = !stale;
  if (state === 'lost') text($('banner-text'), why + (model.taken ? ` What you see is from ${clock.format(model.taken)}.` : ''));
  if (state === 'live' || state === 'login' || view === '') route();
  draw(); // what can be done depends on it
  tick();
}

function showLogin(why) {
  $('login-error').hidden = !why;
  text($('login-error'), why || '');
  $('login-go').disabled = false;
  text($('login-go'), 'Sign in');
  $('login-plain').hidden = location.protocol === 'https:' || /^(localhost|127\.[\d.]+|\[::1\]|.*\.localhost)$/.test(location.hostname);
  if (why) $('secret').select();
}

/** Signed out means that nothing of what was seen stays, so the page begins anew. */
function forgetAll(why) {
  tab.set('processmanager-why', why || null);
  location.reload();
}

link.onState = showState;
link.onLive = () => {
  model.asking = false;
  $('secret').value = '';
  tab.set('processmanager-why', null);
  listen();
  poll();
  askManifest();
  joinLog();
  askRuns();
};
model.onChange = () => draw();

// Times go on by themselves, and the countdown to the next try.
function tick() {
  watchLink();
  if (link.state === 'lost') text($('banner-count'), `Next try in ${Math.max(0, Math.ceil((link.retryAt - Date.now()) / 1000))} s.`);
  else text($('banner-count'), link.state === 'connecting' ? 'Trying …' : '');
  if (document.hidden || link.state !== 'live') return;
  if (view === 'system') watchSystem();
  view === 'list' ? drawRows() : draw();
}

function tryNow() {
  if (link.state === 'lost') connect();
}

// --- Keys ---

const inField = node => node.closest('input, select, textarea');

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  if (event.key === 'Escape') { escape(); return; }
  if (inField(event.target) || view === 'login') {
    if (event.key === 'ArrowDown' && event.target === $('filter')) { goTo(0); event.preventDefault(); }
    return;
  }
  if (moveKey(event) || settings.get('keys') === 'off' && event.key.length === 1) return;
  const views = {1: '#/', 2: '#/schedules', 3: '#/events', 4: '#/system'};
  const name = view === 'detail' ? detail.name : view === 'list' ? table.at : '';
  const action = Object.keys(actions).find(id => actions[id].key === event.key);
  if (action && name) act(action, name);
  else if (views[event.key]) location.hash = views[event.key];
  else if (event.key === '?') showKeys();
  else if (event.key === '/') ({detail: $('log-search'), events: $('e-filter')}[view] || $('filter')).focus();
  else if (event.key === 'Enter' && view === 'list' && name && !event.target.closest('a, button, summary')) location.hash = '#/process/' + name;
  else if (event.key === 'f' && view === 'detail') setFollow(!log.follow);
  else if (event.key === 'l' && name) { location.hash = '#/process/' + name; setTimeout(() => $('log').focus(), 60); }
  else return;
  event.preventDefault();
}

function moveKey(event) {
  if (view !== 'list' || event.target.closest('.controls, .bar, thead')) return false;
  const page = Math.max(1, Math.floor(innerHeight / rowHeight()) - 3);
  const step = {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -1e9, End: 1e9}[event.key] ||
    (settings.get('keys') !== 'off' && {j: 1, k: -1}[event.key]);
  if (!step) return false;
  const onRow = document.activeElement.closest('tr.row');
  goTo(onRow ? atIndex() + step : Math.abs(step) === 1 ? atIndex() : atIndex() + step);
  event.preventDefault();
  return true;
}

function showKeys() {
  $('keys').showModal();
  $('keys-close').focus();
}

function escape() {
  const field = inField(document.activeElement);
  if (field && field.type === 'search' && field.value) { field.value = ''; field.dispatchEvent(new Event('input')); }
  else if (field) field.blur();
  else if (view === 'detail') location.hash = '#/';
  else if (view === 'list' && ($('filter').value || table.states.size || $('label').value)) {
    $('filter').value = $('label').value = '';
    table.states.clear();
    drawList();
  }
}

// --- Colours ---

const themes = {auto: 'light', light: 'dark', dark: 'auto'};

function setTheme(theme) {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  settings.set('theme', theme === 'auto' ? null : theme);
  text($('theme'), {auto: '◐ Auto', light: '○ Light', dark: '● Dark'}[theme]);
  attribute($('theme'), 'aria-label', `Colours: ${theme}. Change to ${themes[theme]}`);
  attribute($('theme'), 'title', `Colours: ${theme === 'auto' ? 'as the system has it' : theme}`);
}

function start() {
  const stored = settings.get('theme');
  setTheme(themes[stored] ? stored : 'auto');
  $('theme').addEventListener('click', () => setTheme(themes[document.documentElement.dataset.theme || 'auto']));
  text($('host'), location.host);
  $('signal').replaceChildren(...signals.map(s => el('option', {text: s})));
  $('skip').addEventListener('click', event => { event.preventDefault(); $('main').focus(); });
  $('help').addEventListener('click', showKeys);
  $('keys-close').addEventListener('click', () => $('keys').close());
  $('keys-on').checked = settings.get('keys') !== 'off';
  $('keys-on').addEventListener('change', event => settings.set('keys', event.target.checked ? null : 'off'));
  $('retry').addEventListener('click', tryNow);
  $('leave').addEventListener('click', () => askSecret(''));
  $('login-form').addEventListener('submit', event => {
    event.preventDefault();
    $('login-go').disabled = true;
    text($('login-go'), 'Signing in …');
    $('login-error').hidden = true;
    signIn($('secret').value, $('keep').checked);
  });
  startList();
  startLog();
  startEvents();
  addEventListener('hashchange', route);
  addEventListener('keydown', onKey);
  addEventListener('online', tryNow);
  document.addEventListener('visibilitychange', () => { if (!document.hidden) { tryNow(); poll(); } });
  setInterval(tick, 1000);
  route();
  connect();
}

start();
