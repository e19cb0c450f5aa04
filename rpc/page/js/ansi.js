// A line of a log as text with styles. Colours a terminal would show are kept as classes;
// every other control sequence is left out.

// CSI, OSC, other strings, two-byte escapes, single control characters.
const controls = /\x1b\[([0-?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[PX^_][^\x1b]*(?:\x1b\\)?|\x1b[ -/]*[0-~]|[\x00-\x08\x0a-\x1f\x7f-\x9f]|\ufeff/g;

/** Returns the plain text, and [from, to, classes] of its styled parts. */
function plainText(raw) {
  if (!/[\x00-\x08\x0a-\x1f\x7f-\x9f\ufeff]/.test(raw)) return {plain: raw, styles: []};
  const style = {color: '', bold: false, dim: false, italic: false, under: false};
  let plain = '', styles = [], from = 0;
  const put = piece => {
    if (!piece) return;
    const classes = [style.color, style.bold && 'ab', style.dim && 'ad', style.italic && 'ai', style.under && 'au'].filter(Boolean).join(' ');
    if (classes) styles.push([plain.length, plain.length + piece.length, classes]);
    plain += piece;
  };
  for (const match of raw.matchAll(controls)) {
    put(raw.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === 'm') restyle(style, match[1]);
    // A progress bar writes over itself; what a terminal would show last is what counts.
    else if (match[0] === '\r' && from < raw.length) { plain = ''; styles = []; }
  }
  put(raw.slice(from));
  return {plain, styles};
}

function restyle(style, codes) {
  const list = codes.split(/[;:]/).map(Number);
  for (let i = 0; i < list.length; i++) {
    const n = list[i];
    if (n === 0) Object.assign(style, {color: '', bold: false, dim: false, italic: false, under: false});
    else if (n === 1) style.bold = true;
    else if (n === 2) style.dim = true;
    else if (n === 3) style.italic = true;
    else if (n === 4) style.under = true;
    else if (n === 22) style.bold = style.dim = false;
    else if (n === 23) style.italic = false;
    else if (n === 24) style.under = false;
    else if (n >= 30 && n <= 37) style.color = 'a' + (n - 30);
    else if (n >= 90 && n <= 97) style.color = 'a' + (n - 82);
    else if (n === 39) style.color = '';
    else if (n === 38 || n === 48) {
      // 5;N is of a palette whose first 16 are the same; the others are shown plainly.
      if (n === 38) style.color = list[i + 1] === 5 && list[i + 2] < 16 ? 'a' + list[i + 2] : '';
      i += list[i + 1] === 5 ? 2 : list[i + 1] === 2 ? 4 : 0;
    }
  }
}

/** The nodes of a line, with what is searched for marked. */
function lineNodes(raw, search) {
  const {plain, styles} = plainText(raw);
  const long = plain.length > 4000, shown = long ? plain.slice(0, 4000) : plain;
  const marks = [], low = search ? shown.toLowerCase() : '';
  if (search && low.length === shown.length) {
    for (let i = low.indexOf(search); i >= 0 && marks.length < 100; i = low.indexOf(search, i + search.length)) marks.push([i, i + search.length]);
  }
  const nodes = [];
  if (!styles.length && !marks.length) nodes.push(shown);
  else {
    const cuts = [...new Set([0, shown.length, ...styles.flatMap(s => [s[0], s[1]]), ...marks.flat()])].filter(c => c <= shown.length).sort((a, b) => a - b);
    let s = 0, m = 0;
    for (let i = 0; i + 1 < cuts.length; i++) {
      const [from, to] = [cuts[i], cuts[i + 1]];
      while (s < styles.length && styles[s][1] <= from) s++;
      while (m < marks.length && marks[m][1] <= from) m++;
      const classes = s < styles.length && styles[s][0] <= from ? styles[s][2] : '';
      const marked = m < marks.length && marks[m][0] <= from;
      const piece = shown.slice(from, to);
      nodes.push(marked ? el('mark', {class: classes, text: piece}) : classes ? el('span', {class: classes, text: piece}) : piece);
    }
  }
  if (long) nodes.push(el('i', {class: 'muted', text: ` … ${plain.length - 4000} more characters`}));
  return nodes;
}
