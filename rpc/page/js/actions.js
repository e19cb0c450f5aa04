// What can be done to a process, when, and the question before it is done.

const idle = info => ['stopped', 'completed', 'failed'].includes(info.status);

const actions = {
  start: {key: 's', label: 'Start', doing: 'Starting', done: 'started', run: name => call('process.start', {name}),
    when: idle, not: 'it is not idle', ask: () => 'It is started again, as its definition says.'},
  stop: {key: 'x', label: 'Stop', doing: 'Stopping', done: 'stopped', run: name => call('process.stop', {name}), danger: true,
    when: info => !idle(info), not: 'it does not run',
    ask: info => info.pid ? 'It gets its stop signal, and SIGKILL when its grace period is over. It stays stopped until somebody starts it.' : 'It is not started any more until somebody starts it.'},
  restart: {key: 'r', label: 'Restart', doing: 'Restarting', done: 'restarted', run: name => call('process.restart', {name}), danger: true,
    when: () => true, ask: info => info.pid ? 'It is stopped, with its grace period, and started again.' : info.status === 'backoff' ? 'It is started at once, not at its next try.' : 'It is started.'},
  trigger: {key: 't', label: 'Run now', doing: 'Running', done: 'began to run', run: name => call('process.trigger', {name}),
    when: info => info.cron !== '', not: 'it has no schedule', ask: () => 'One run begins now. Its schedule stays as it is.'},
  signal: {key: 'g', label: 'Signal', doing: 'Sending a signal to', done: 'got the signal', run: (name, signal) => call('process.signal', {name, signal}), danger: true,
    when: info => info.pid !== null, not: 'it does not run', ask: () => 'The signal goes to its leading process.'},
};
const signals = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGTERM', 'SIGSTOP', 'SIGCONT', 'SIGKILL'];

/** Why an action is not possible now; empty when it is. */
function hindrance(id, info) {
  if (link.state !== 'live') return 'there is no connection to the manager';
  if (link.role !== 'operator') return 'a viewer may look, not change';
  return actions[id].when(info) ? '' : actions[id].not;
}

/** A button that says why it cannot be used, instead of vanishing. */
function actionButton(id, small) {
  const label = el('span', {class: small ? 'sr' : ''});
  const button = el('button', {'data-action': id}, icon(id), label);
  let name = '';
  button.addEventListener('click', event => { event.stopPropagation(); act(id, name); });
  return {button, update(info) {
    name = info.name;
    const why = hindrance(id, info);
    text(label, small ? actions[id].label + ' ' + name : actions[id].label + (id === 'signal' ? '…' : ''));
    attribute(button, 'aria-disabled', why ? 'true' : null);
    attribute(button, 'title', why ? `${actions[id].label}: ${why}` : `${actions[id].label} (${actions[id].key})`);
  }};
}

async function act(id, name) {
  const p = model.processes.get(name), action = actions[id];
  if (!p) return;
  const why = hindrance(id, p.info);
  if (why) { toast(`Cannot ${action.label.toLowerCase()} ${name}: ${why}.`, true); return; }
  const signal = await ask(id, p.info);
  if (!signal) return;
  const told = toast(`${action.doing} ${name} …`);
  try {
    const info = await action.run(name, signal);
    told.replace(`${name} ${action.done}` + (id === 'signal' ? ` ${signal}.` : `: it is ${word(shape(info))}.`));
  } catch (failure) {
    told.close();
    toast(`Cannot ${action.label.toLowerCase()} ${name}: ${failure.message}`, true);
  }
  poll();
}

/** Asks; the answer is true, the chosen signal, or false. */
function ask(id, info) {
  const dialog = $('ask'), action = actions[id];
  if (dialog.open) return Promise.resolve(false);
  text($('ask-title'), id === 'trigger' ? `Run ${info.name} now?` : id === 'signal' ? `Send a signal to ${info.name}?` : `${action.label} ${info.name}?`);
  text($('ask-text'), action.ask(info));
  text($('ask-yes'), id === 'signal' ? 'Send' : action.label);
  $('ask-yes').className = 'main' + (action.danger ? ' danger' : '');
  $('ask-signal').hidden = id !== 'signal';
  return new Promise(resolve => {
    const answer = value => { resolve(value); dialog.close(); };
    $('ask-yes').onclick = () => answer(id === 'signal' ? $('signal').value : true);
    $('ask-no').onclick = () => answer(false);
    // This event comes late: that of one question may come when the next is asked.
    dialog.onclose = () => { if (!dialog.open) resolve(false); };
    dialog.showModal();
    (id === 'signal' ? $('signal') : $('ask-yes')).focus();
  });
}

/** A short message at the corner; errors stay longer and are said at once. */
function toast(message, bad) {
  const box = $(bad ? 'toasts-alert' : 'toasts-status');
  const words = el('span', {text: message});
  const node = el('div', {class: 'toast' + (bad ? ' bad' : '')}, words,
    el('button', {'aria-label': 'Dismiss', text: '×', onclick: () => node.remove()}));
  let timer = 0;
  const arm = () => { clearTimeout(timer); timer = setTimeout(() => node.remove(), bad ? 15000 : 6000); };
  while (box.childElementCount >= 4) box.firstChild.remove();
  box.append(node);
  if (bad) arm();
  else timer = setTimeout(() => node.remove(), 120000); // until it is replaced
  return {replace(next) { text(words, next); arm(); }, close: () => node.remove()};
}
