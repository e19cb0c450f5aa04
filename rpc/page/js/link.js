// The connection: one WebSocket, calls and subscriptions on it, sign-in, and coming back
// by itself. Nothing here knows what is shown.

const link = {
  socket: null,
  state: 'connecting', // connecting, live, lost, login
  role: '',
  secret: tab.get('processmanager-secret'), // null: none is known
  skew: 0,             // milliseconds that the manager's clock is ahead
  last: 0,             // id of the last call
  calls: new Map(),    // id → {resolve, reject, taken}
  subscriptions: new Map(), // name → {note, ended}
  tries: 0,
  retryAt: 0,
  timer: 0,
  since: 0,            // when the last answer came
  onState: () => {},   // (state, why)
  onLive: () => {},
};

class Failure extends Error {
  constructor(message, code) { super(message); this.code = code; }
}
const forbidden = -32008;

/** Calls a method. taken gets the result at once, before any notification behind it. */
function call(method, params, taken) {
  return new Promise((resolve, reject) => {
    if (!link.socket || link.socket.readyState !== WebSocket.OPEN) {
      reject(new Failure('there is no connection to the manager'));
      return;
    }
    const id = ++link.last;
    link.calls.set(id, {resolve, reject, taken});
    link.socket.send(JSON.stringify({jsonrpc: '2.0', id, method, params: params || {}}));
  });
}

/** Subscribes until stop is called, the subscription ends or the connection does. */
function subscribe(method, params, note, ended) {
  const handle = {name: null, stopped: false, stop() {
    if (handle.stopped) return;
    handle.stopped = true;
    if (handle.name !== null && link.subscriptions.delete(handle.name)) {
      call('unsubscribe', {subscription: handle.name}).catch(() => {});
    }
  }};
  call(method, params, result => {
    handle.name = result.subscription;
    if (!handle.stopped) link.subscriptions.set(handle.name, {note, ended});
    else call('unsubscribe', {subscription: handle.name}).catch(() => {});
  }).catch(failure => { if (!handle.stopped) ended({reason: 'error', message: failure.message}); });
  return handle;
}

function connect() {
  clearTimeout(link.timer);
  if (link.socket) return;
  setState('connecting');
  // Relative, so that it also works behind a proxy that puts a path in front.
  const address = new URL('rpc', location.href);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  address.hash = address.search = '';
  const socket = new WebSocket(address);
  link.socket = socket;
  link.since = Date.now();
  let asked = false, opened = false;
  const late = setTimeout(() => socket.close(), 10000);
  socket.onopen = () => {
    clearTimeout(late);
    opened = true;
    asked = link.secret !== null;
    introduce(socket);
  };
  socket.onmessage = message => { if (socket === link.socket) receive(JSON.parse(message.data)); };
  socket.onclose = event => {
    clearTimeout(late);
    if (socket !== link.socket) return;
    lost(event, asked);
    if (!opened) tellWhy();
  };
}

function receive(message) {
  link.since = Date.now();
  if (message.method) {
    const {subscription} = message.params, known = link.subscriptions.get(subscription);
    if (!known) return;
    if (message.method === 'subscription.ended') {
      link.subscriptions.delete(subscription);
      known.ended(message.params);
    } else known.note(message.params);
    return;
  }
  const waiting = link.calls.get(message.id);
  if (!waiting) return;
  link.calls.delete(message.id);
  if (message.error) {
    waiting.reject(new Failure(message.error.message, message.error.code));
    return;
  }
  if (waiting.taken) waiting.taken(message.result);
  waiting.resolve(message.result);
}

// Says who we are. Where nothing is asked (a unix socket without a secret) the first call
// is answered, and then session.authenticate only tells the role.
async function introduce(socket) {
  try {
    if (link.secret === null) await call('system.info');
    const {role} = await call('session.authenticate', {secret: link.secret === null ? '' : link.secret});
    link.role = role;
  } catch (failure) {
    if (socket !== link.socket || failure.code === undefined) return; // closed meanwhile: lost tells
    const wrong = link.secret !== null;
    if (failure.code === forbidden) askSecret(wrong ? 'The secret is wrong.' : '');
    else socket.close();
    return;
  }
  link.tries = 0;
  setState('live');
  link.onLive();
  compareClocks();
}

function askSecret(why) {
  drop();
  link.secret = null;
  tab.set('processmanager-secret', null);
  setState('login', why);
}

function signIn(secret, keep) {
  link.secret = secret;
  tab.set('processmanager-secret', keep ? secret : null);
  drop();
  connect();
}

/** Gives the connection up without coming back. */
function drop() {
  clearTimeout(link.timer);
  const socket = link.socket;
  link.socket = null;
  link.role = '';
  forgetCalls();
  if (socket) socket.close();
}

function forgetCalls() {
  const calls = [...link.calls.values()];
  link.calls.clear();
  link.subscriptions.clear();
  for (const waiting of calls) waiting.reject(new Failure('the connection to the manager was lost before it answered'));
}

function lost(event, asked) {
  const before = link.state;
  link.socket = null;
  forgetCalls();
  let why = 'The connection to the manager was lost.';
  if (event.code === 1001) why = 'The manager is shutting down or being restarted.';
  else if (event.code === 1008) {
    why = 'The manager closed the connection: ' + event.reason + '.';
    if (before === 'connecting' && asked) {
      askSecret('The manager keeps this computer waiting, because wrong secrets came from it. Try again in a minute.');
      return;
    }
  } else if (before !== 'live') why = 'The manager cannot be reached at ' + location.host + '. Does it run, and the port-forward to it?';
  link.tries++;
  const delay = Math.min(15000, 500 * 2 ** Math.min(link.tries - 1, 6)) * (0.8 + Math.random() * 0.4);
  link.retryAt = Date.now() + delay;
  link.timer = setTimeout(connect, delay);
  setState('lost', why);
}

// A browser hides why a WebSocket was refused; a plain request to the same place is told.
async function tellWhy() {
  let why = '';
  try {
    const response = await fetch('rpc', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'});
    why = response.ok || response.status === 401 ? 'it answers, but no WebSocket can be opened. Does a proxy in between let them through?' :
      (await response.json()).error.message;
  } catch { /* it really cannot be reached, or something else answers */ }
  if (why && link.state === 'lost') setState('lost', 'There is no connection to the manager: ' + why);
}

function setState(state, why) {
  link.state = state;
  link.onState(state, why || '');
}

// A connection that is open but dead (a port-forward whose pod has gone) is given up.
function watchLink() {
  if (link.state === 'live' && link.calls.size > 0 && Date.now() - link.since > 30000) link.socket.close(4000);
}

// Times are told relative to now, so the clocks must agree; the header Date is exact to a second.
async function compareClocks() {
  try {
    const asked = Date.now();
    const response = await fetch('./', {method: 'HEAD', cache: 'no-store'});
    const there = Date.parse(response.headers.get('Date')) + 500, here = (asked + Date.now()) / 2;
    link.skew = Math.abs(there - here) > 2000 ? there - here : 0;
  } catch { /* then they are taken to agree */ }
}
