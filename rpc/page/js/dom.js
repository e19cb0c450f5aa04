'use strict';
// Building and filling elements. What comes from the manager only ever becomes text:
// the Content-Security-Policy (trusted types) forbids everything that parses HTML.

const $ = id => document.getElementById(id);

/** An element with properties (class, text, on…, others are attributes) and children. */
function el(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key === 'class') node.className = value;
    else if (key === 'text') node.textContent = value;
    else if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.filter(c => c !== null && c !== undefined && c !== false));
  return node;
}

function svg(tag, attributes, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

const icon = name => svg('svg', {class: 'icon', 'aria-hidden': 'true'}, svg('use', {href: '#i-' + name}));

// Writing what stands there already costs a layout, and a screen reader may say it again.
function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

function attribute(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** A place that outlives a reload of the page, or the tab; there may be none. */
const kept = store => ({
  get(key) { try { return window[store].getItem(key); } catch { return null; } },
  set(key, value) { try { value === null ? window[store].removeItem(key) : window[store].setItem(key, value); } catch { /* not kept */ } },
});
const settings = kept('localStorage'), tab = kept('sessionStorage');

// --- Numbers and times as people read them ---

const percent = v => (v >= 100 ? v.toFixed(0) : v.toFixed(1)) + ' %';

function mebibytes(v) {
  if (v >= 10240) return (v / 1024).toFixed(1) + ' GiB';
  return (v >= 100 ? v.toFixed(0) : v.toFixed(1)) + ' MiB';
}

const plural = (n, one, many) => n + ' ' + (n === 1 ? one : many || one + 's');

/** A time span in its two largest units; short: in one. */
function span(ms, short) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return s + ' s';
  const [size, unit, rest, small] = s < 3600 ? [60, ' min', 1, ' s'] : s < 86400 ? [3600, ' h', 60, ' min'] : [86400, ' d', 3600, ' h'];
  return Math.floor(s / size) + unit + (short ? '' : ' ' + Math.floor(s % size / rest) + small);
}

const clock = new Intl.DateTimeFormat('en-GB', {hour: '2-digit', minute: '2-digit', second: '2-digit'});
const clockMillis = new Intl.DateTimeFormat('en-GB', {hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3});
const calendar = new Intl.DateTimeFormat('en-GB', {weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit'});

/** The time of the manager's clock, which need not be this computer's. */
const now = () => Date.now() + link.skew;

/** A time of day, with the date unless it is today. */
function when(iso) {
  const at = new Date(iso);
  return (at.toDateString() === new Date(now()).toDateString() ? clock : calendar).format(at);
}

const timeOf = iso => el('time', {datetime: iso, title: iso, text: when(iso)});
const ago = (iso, short) => span(now() - Date.parse(iso), short) + ' ago';
const inTime = (iso, short) => Date.parse(iso) > now() ? 'in ' + span(Date.parse(iso) - now(), short) : 'now';
