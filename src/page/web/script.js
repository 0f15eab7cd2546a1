'use strict';
// Everything shown comes from the JSON in #data; see src/page/page.cpp for its form.
const data = JSON.parse(document.getElementById('data').textContent);
const byId = id => document.getElementById(id);
const percent = (share, digits = 2) => share === null || share === undefined ? '' : (100 * share).toFixed(digits) + '%';
const count = n => n.toLocaleString('en');
const most = values => values.reduce((a, b) => Math.max(a, b), -Infinity);
const least = values => values.reduce((a, b) => Math.min(a, b), Infinity);
const MATRIX_CLASSES = 40;  // more make a table that nobody can read: the most confused pairs are listed instead
const RELOAD_SECONDS = 3;
const DASHES = ['', '6 3', '2 3', '8 3 2 3'];
const COLOURS = ['blue', 'orange', 'green', 'ink', 'grey'].map(name => `var(--${name})`);

function element(tag, attributes = {}, ...children) {
  const svg = ['svg', 'g', 'line', 'path', 'circle', 'rect', 'text', 'title', 'clipPath'].includes(tag);
  const made = svg ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (name === 'style') made.style.cssText = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// ---- theme ----------------------------------------------------------------------------------------------------------

function applyTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId('theme').textContent = theme === 'dark' ? 'Light' : 'Dark';
}
// A page that loads itself anew keeps the theme that was chosen, where the browser lets it.
const remembered = {get: () => { try { return sessionStorage.getItem('theme'); } catch { return null; } },
  set: theme => { try { sessionStorage.setItem('theme', theme); } catch { /* then not */ } }};
applyTheme(remembered.get() ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'));
byId('theme').addEventListener('click', () => {
  applyTheme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
  remembered.set(document.documentElement.dataset.theme);
});

// ---- tables ---------------------------------------------------------------------------------------------------------

// columns: {name, text(row), value(row)}; a column with value sorts when its heading is chosen.
function fillTable(table, columns, rows, caption) {
  table.replaceChildren(element('caption', {class: 'visually-hidden'}, caption));
  const body = element('tbody');
  const fill = ordered => body.replaceChildren(...ordered.map(row => element('tr', {}, ...columns.map((column, i) =>
    element(i === 0 ? 'th' : 'td', i === 0 ? {scope: 'row'} : {}, column.text(row))))));
  const heads = columns.map(column => {
    const head = element('th', {scope: 'col'});
    if (!column.value) { head.textContent = column.name; return head; }
    head.append(element('button', {type: 'button', onclick: () => {
      const down = head.getAttribute('aria-sort') === 'ascending';
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const sign = down ? -1 : 1;
      fill([...rows].sort((a, b) => { const x = column.value(a), y = column.value(b); return x < y ? -sign : x > y ? sign : 0; }));
    }}, column.name));
    return head;
  });
  table.append(element('thead', {}, element('tr', {}, ...heads)), body);
  fill(rows);
}

function fillPairs(table, pairs, caption) {
  table.replaceChildren(element('caption', {class: 'visually-hidden'}, caption),
    element('tbody', {}, ...Object.entries(pairs).map(([key, value]) =>
      element('tr', {}, element('th', {scope: 'row'}, key), element('td', {}, String(value))))));
}

// ---- charts ---------------------------------------------------------------------------------------------------------

function niceTicks(low, high, about) {
  const raw = (high - low) / about || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= raw * 0.999);
  const ticks = [];
  for (let t = Math.ceil(low / step - 1e-9) * step; t <= high + step * 1e-9; t += step) ticks.push(Number(t.toPrecision(10)));
  return ticks;
}

let frames = 0;  // each chart's clip path has a name of its own

// series: {name, colour, dash, points: [[x, y]]}, without a name where it is not to be read; mark: an x to point out; floor: where the
// axis begins. What lies below it is cut off, not drawn at the edge, and named below. Values are read by pointer or arrow keys.
function lineChart({title, xName, series, format, mark, floor}) {
  const W = 500, H = 300, L = 54, R = 12, T = 34, B = 40;
  const shown = series.map(s => ({...s, points: s.points.filter(p => p[1] !== null)})).filter(s => s.points.length > 0);
  const xs = [...new Set(shown.flatMap(s => s.points.map(p => p[0])))].sort((a, b) => a - b);
  const ys = shown.flatMap(s => s.points.map(p => p[1]));
  const y1 = most(ys), y0 = y1 > floor ? floor : y1 - (Math.abs(y1) / 100 || 1);
  // A single point stands in the middle.
  const x0 = xs.length > 1 ? xs[0] : (xs[0] ?? 1) - 0.5, x1 = xs.length > 1 ? xs[xs.length - 1] : x0 + 1;
  const X = x => L + (x - x0) / (x1 - x0) * (W - L - R);
  const Y = y => H - B - (y - y0) / (y1 - y0) * (H - T - B);
  const svg = element('svg', {viewBox: `0 0 ${W} ${H}`, role: 'application', 'aria-roledescription': 'chart', tabindex: '0', 'aria-label': `${title} by ${xName}; the left and right arrow keys read its values`});
  svg.append(element('text', {class: 'name', x: L, y: 16}, title));
  for (const tick of niceTicks(y0, y1, 5)) {
    svg.append(element('line', {class: 'grid', x1: L, x2: W - R, y1: Y(tick), y2: Y(tick)}),
      element('text', {x: L - 6, y: Y(tick) + 4, 'text-anchor': 'end'}, format(tick)));
  }
  for (const tick of niceTicks(x0, x1, 8).filter(Number.isInteger)) svg.append(element('text', {x: X(tick), y: H - B + 18, 'text-anchor': 'middle'}, String(tick)));
  svg.append(element('line', {class: 'axis', x1: L, x2: W - R, y1: H - B, y2: H - B}), element('text', {x: (L + W - R) / 2, y: H - 4, 'text-anchor': 'middle'}, xName));
  if (mark >= x0 && mark <= x1) {
    svg.append(element('line', {class: 'cursor', x1: X(mark), x2: X(mark), y1: T, y2: H - B}),
      element('text', {x: X(mark) - 4, y: T - 4, 'text-anchor': 'end'}, `best: ${mark}`));
  }
  const frame = `frame-${++frames}`;
  svg.append(element('clipPath', {id: frame}, element('rect', {x: L - 3, y: T - 3, width: W - L - R + 6, height: H - T - B + 3})));
  const lines = element('g', {'clip-path': `url(#${frame})`});
  for (const s of shown) {
    lines.append(element('path', {d: s.points.map((p, i) => `${i ? 'L' : 'M'}${X(p[0]).toFixed(1)} ${Y(p[1]).toFixed(1)}`).join(''), fill: 'none', style: `stroke: ${s.colour}`, 'stroke-width': s.name ? 2 : 1, 'stroke-dasharray': s.dash ?? '', opacity: s.name ? 1 : 0.45}));
    if (s.name && (s.points.length <= 40)) for (const p of s.points.filter(p => p[1] >= y0)) lines.append(element('circle', {cx: X(p[0]), cy: Y(p[1]), r: 2.5, style: `fill: ${s.colour}`}));
  }
  svg.append(lines);
  const cursor = element('line', {class: 'cursor', y1: T, y2: H - B, visibility: 'hidden'});
  const tip = element('g', {class: 'tip', visibility: 'hidden'});
  svg.append(cursor, tip);
  let at = -1;
  const show = index => {
    at = Math.max(0, Math.min(xs.length - 1, index));
    const x = xs[at];
    const lines = [`${xName} ${x}`, ...shown.filter(s => s.name).map(s => {
      const point = s.points.find(p => p[0] === x);
      return `${s.name}: ${point ? format(point[1], true) : '–'}`;
    })];
    const width = most(lines.map(l => l.length)) * 7 + 16;
    const left = X(x) + 10 + width > W ? X(x) - 10 - width : X(x) + 10;
    tip.replaceChildren(element('rect', {x: left, y: T + 6, width, height: lines.length * 17 + 8, rx: 4}),
      ...lines.map((line, i) => element('text', {x: left + 8, y: T + 23 + 17 * i}, line)));
    for (const e of [cursor, tip]) e.setAttribute('visibility', 'visible');
    cursor.setAttribute('x1', X(x));
    cursor.setAttribute('x2', X(x));
    return lines;
  };
  const hide = () => { for (const e of [cursor, tip]) e.setAttribute('visibility', 'hidden'); };
  svg.addEventListener('pointermove', event => {
    const box = svg.getBoundingClientRect();
    const x = x0 + ((event.clientX - box.left) / box.width * W - L) / (W - L - R) * (x1 - x0);
    show(xs.reduce((best, value, i) => Math.abs(value - x) < Math.abs(xs[best] - x) ? i : best, 0));
  });
  svg.addEventListener('pointerleave', hide);
  svg.addEventListener('blur', hide);
  svg.addEventListener('keydown', event => {
    const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (!step || xs.length === 0) return;
    event.preventDefault();
    byId('reading').textContent = show(at < 0 ? (step > 0 ? 0 : xs.length - 1) : at + step).join(', ');
  });
  const legend = element('ul', {class: 'legend'}, ...shown.filter(s => s.name).map(s => element('li', {},
    element('svg', {viewBox: '0 0 28 10', 'aria-hidden': 'true'}, element('line', {x1: 0, x2: 28, y1: 5, y2: 5, style: `stroke: ${s.colour}`, 'stroke-width': 2, 'stroke-dasharray': s.dash ?? ''})), s.name)));
  const below = shown.filter(s => s.name).flatMap(s => s.points.filter(p => p[1] < y0).map(p => `${s.name}, ${xName} ${p[0]}: ${format(p[1], true)}`));
  const note = below.length === 0 ? '' : 'Below the axis: ' + (below.length <= 4 ? below.join('; ') : `${below.length} values, listed in the table`) + '.';
  return element('div', {}, svg, legend, ...(note ? [element('p', {class: 'hint'}, note)] : []));
}

// ---- images ---------------------------------------------------------------------------------------------------------

const DIGIT = 80;  // pixels shown a side

// Once a run, not once an image: a sheet may hold megabytes.
for (const [i, run] of data.runs.entries()) {
  if (run.images) document.documentElement.style.setProperty(`--sheet-${i}`, `url(${run.images.sheet})`);
}

/** What people call a class. */
const className = (run, c) => run.metrics.classes[c].name;
const longestName = run => most(run.metrics.classes.map(({name}) => name.length));

function digit(run, image) {
  const {columns, rows} = run.images;
  const x = image.at % columns, y = Math.floor(image.at / columns);
  return element('span', {class: image.label === image.answer ? 'digit right' : 'digit', role: 'img',
    'aria-label': `row ${image.row}: label ${className(run, image.label)}, read as ${className(run, image.answer)}`,
    style: `background-image: var(--sheet-${data.runs.indexOf(run)}); background-size: ${columns * DIGIT}px ${rows * DIGIT}px; background-position: ${-x * DIGIT}px ${-y * DIGIT}px`});
}

function card(run, image) {
  return element('div', {class: 'card'}, digit(run, image),
    element('span', {class: 'title'}, image.label === image.answer ? className(run, image.label) : `${className(run, image.label)} → ${className(run, image.answer)}`,
      element('span', {class: 'detail'}, `  row ${count(image.row)}`)),
    ...image.top.map(([c, p]) => element('div', {class: 'bar'}, element('span', {title: className(run, c)}, className(run, c)),
      element('i', {style: `width: ${100 * p}%`}), element('span', {}, percent(p, 1)))));
}

function openImages(run, label, answer) {
  const images = run.images.list.filter(i => i.label === label && i.answer === answer);
  const all = run.metrics.confusion[label][answer];
  const which = images.length === 0 ? ', none of them kept in this page' : `, the ${images.length} ${label === answer ? 'least' : 'most'} confident`;
  byId('images-title').textContent = `Label ${className(run, label)} read as ${className(run, answer)}: ${count(all)}` + (images.length < all ? which : '');
  byId('images-list').replaceChildren(...images.map(i => card(run, i)));
  byId('images').showModal();
}

// ---- sections -------------------------------------------------------------------------------------------------------

function showSummary(run) {
  const m = run.metrics;
  const figures = m ? [[percent(m.accuracy), `accuracy; 95% interval ${percent(m.wilson_95[0])} to ${percent(m.wilson_95[1])}`],
    [`${count(m.rows - m.correct)} of ${count(m.rows)}`, 'held-out rows misread'], [m.loss.toFixed(4), 'loss'],
    [percent(m.calibration_error), 'expected calibration error']] : [];
  if (run.seconds) figures.push([run.seconds < 100 ? `${run.seconds.toFixed(1)} s` : `${(run.seconds / 60).toFixed(1)} min`, 'of training']);
  byId('summary').replaceChildren(...figures.map(([value, name]) => element('div', {class: 'figure'}, element('b', {}, value), element('span', {}, name))),
    ...(m ? [element('p', {class: 'hint'}, run.chosen)] : []));
}

// The mean over the networks of a run, where it has several.
function meanOf(networks, column) {
  const epochs = new Map();
  for (const network of networks) for (const e of network.epochs) if (e[column] !== null) epochs.set(e[0], [...(epochs.get(e[0]) ?? []), e[column]]);
  return [...epochs].sort((a, b) => a[0] - b[0]).map(([epoch, values]) => [epoch, values.reduce((a, b) => a + b) / values.length]);
}

function curves(runs) {
  const one = runs.length === 1;
  const series = names => runs.flatMap((run, r) => names.flatMap(([name, column, own]) => {
    const many = run.networks.length > 1;
    const colour = one ? own : COLOURS[r % COLOURS.length];
    const dash = one ? '' : DASHES[Math.floor(r / COLOURS.length) % DASHES.length];
    const single = many ? run.networks.map(network => ({name: '', colour, dash, points: network.epochs.map(e => [e[0], e[column]])})) : [];
    return [...single, {name: (one ? name : run.name) + (many ? `, mean of ${run.networks.length}` : ''), colour, dash, points: meanOf(run.networks, column)}];
  }));
  const losses = series(one ? [['trained on', 1, 'var(--orange)'], ['held back', 3, 'var(--blue)']] : [['', 3]]);
  const accuracies = series(one ? [['trained on', 2, 'var(--orange)'], ['held back', 4, 'var(--blue)']] : [['', 4]]);
  // The first epoch, far below the others, would flatten them.
  const settled = accuracies.flatMap(s => (s.points.length > 1 ? s.points.slice(1) : s.points).map(p => p[1])).filter(v => v !== null);
  const mark = one && runs[0].networks.length === 1 ? runs[0].networks[0].best_epoch : undefined;
  byId('curves').replaceChildren(
    lineChart({title: one ? 'loss' : 'loss on rows held back', xName: 'epoch', series: losses, mark, floor: 0, format: v => String(Number(v.toPrecision(4)))}),
    lineChart({title: one ? 'accuracy' : 'accuracy on rows held back', xName: 'epoch', series: accuracies, mark, floor: Math.floor(200 * least(settled) - 1e-9) / 200, format: (v, exact) => percent(v, exact ? 2 : 1)}));
  const columns = ['epoch', 'training loss', 'training accuracy', 'validation loss', 'validation accuracy', 'learning rate', 'seconds'];
  const whose = (run, n) => [runs.length > 1 ? run.name : '', run.networks.length > 1 ? `network ${n + 1}` : ''].filter(Boolean).join(', ');
  const rows = runs.flatMap(run => run.networks.flatMap((network, n) => network.epochs.map(e => ({e, name: whose(run, n)}))));
  fillTable(byId('epochs-table'), columns.map((name, i) => ({name,
    text: row => i === 0 ? `${row.e[0]} ${row.name}`.trim() : row.e[i] === null ? '' : i === 2 || i === 4 ? percent(row.e[i]) : String(Number(row.e[i].toPrecision(4)))})), rows, 'Values of every epoch');
}

function listConfused(run) {
  byId('confusion-table').className = '';
  const pairs = run.metrics.confusion.flatMap((row, label) => row.map((n, answer) => ({label, answer, n}))).filter(p => p.n > 0 && p.label !== p.answer)
    .sort((a, b) => b.n - a.n).slice(0, 100);
  fillTable(byId('confusion-table'), [{name: 'label', text: p => className(run, p.label)}, {name: 'read as', text: p => className(run, p.answer)},
    {name: 'rows', text: p => element('button', {type: 'button', 'aria-label': `label ${className(run, p.label)} read as ${className(run, p.answer)}: ${p.n} rows; show them`, onclick: () => openImages(run, p.label, p.answer)}, count(p.n))}], pairs, 'The classes most often confused');
}

function showConfusion(run) {
  const {confusion} = run.metrics;
  if (confusion.length > MATRIX_CLASSES) return listConfused(run);
  const top = most(confusion.flat());
  const all = confusion.map((_, c) => c);
  byId('confusion-table').className = longestName(run) > 3 ? 'matrix slim' : 'matrix';
  byId('confusion-table').replaceChildren(element('caption', {class: 'visually-hidden'}, 'Confusion matrix: labels down, answers across'),
    element('thead', {}, element('tr', {}, element('th', {}), ...all.map(c => element('th', {scope: 'col', title: className(run, c)}, className(run, c))))),
    element('tbody', {}, ...all.map(label => element('tr', {}, element('th', {scope: 'row', title: className(run, label)}, className(run, label)), ...all.map(answer => {
      const n = confusion[label][answer];
      if (n === 0) return element('td', {}, '·');
      const shade = Math.max(0.1, Math.log1p(n) / Math.log1p(top));
      return element('td', {}, element('button', {type: 'button', class: shade > 0.6 ? 'deep' : '', style: `background: rgba(var(--shade), ${shade.toFixed(2)})`,
        'aria-label': `label ${className(run, label)} read as ${className(run, answer)}: ${n} rows; show them`, onclick: () => openImages(run, label, answer)}, count(n)));
    })))));
}

function showMistakes(run) {
  const FIRST = 48;
  const wrong = run.images.list.filter(i => i.label !== i.answer).sort((a, b) => b.top[0][1] - a.top[0][1]);
  const all = run.metrics.rows - run.metrics.correct;
  byId('mistakes-hint').textContent = all === 0 ? `None: all ${count(run.metrics.rows)} held-out rows are read rightly.` : `${count(all)} of ${count(run.metrics.rows)} held-out rows, the most confident first; label → answer, and the three likeliest classes.` +
    (wrong.length < all ? ` ${count(wrong.length)} are kept in this page.` : '');
  const show = n => byId('mistakes-list').replaceChildren(...wrong.slice(0, n).map(i => card(run, i)));
  show(FIRST);
  byId('more').hidden = wrong.length <= FIRST;
  byId('more').textContent = `Show ${count(wrong.length - FIRST)} more`;
  byId('more').onclick = () => { show(wrong.length); byId('more').hidden = true; };
}

function showClasses(run) {
  const column = (name, key) => ({name, text: row => percent(row[key]), value: row => row[key]});
  fillTable(byId('classes-table'), [{name: 'class', text: row => row.name, value: row => row.class},
    {name: 'rows', text: row => count(row.support), value: row => row.support}, column('precision', 'precision'), column('recall', 'recall'), column('F1', 'f1')],
    run.metrics.classes, 'Precision, recall and F1 of every class');
}

function showReliability(run) {
  const bins = run.metrics.calibration.filter(b => b.rows > 0);
  const W = 500, H = 300, L = 54, R = 12, T = 34, B = 40;
  const width = (W - L - R) / run.metrics.calibration.length;
  const frame = (title, ticks, Y) => {
    const svg = element('svg', {viewBox: `0 0 ${W} ${H}`, role: 'img', 'aria-label': title});
    svg.append(element('text', {class: 'name', x: L, y: 16}, title), element('text', {x: (L + W - R) / 2, y: H - 4, 'text-anchor': 'middle'}, 'probability of the answer'));
    for (const [value, text] of ticks) svg.append(element('line', {class: 'grid', x1: L, x2: W - R, y1: Y(value), y2: Y(value)}), element('text', {x: L - 6, y: Y(value) + 4, 'text-anchor': 'end'}, text));
    for (let p = 0; p <= 100; p += 20) svg.append(element('text', {x: L + (W - L - R) * p / 100, y: H - B + 18, 'text-anchor': 'middle'}, `${p}%`));
    return svg;
  };
  const bar = (svg, bin, y, text) => svg.append(element('rect', {x: L + bin.bin * width + 1, y, width: width - 2, height: Math.max(0, H - B - y), style: 'fill: var(--blue)', opacity: 0.75}, element('title', {}, text)));
  const share = v => H - B - v * (H - T - B);
  const left = frame('share that is right', [0, 0.2, 0.4, 0.6, 0.8, 1].map(v => [v, percent(v, 0)]), share);
  for (const b of bins) bar(left, b, share(b.accuracy), `${count(b.rows)} answers of ${percent(b.confidence)} on average: ${percent(b.accuracy)} right`);
  left.append(element('line', {class: 'cursor', x1: L, y1: share(0), x2: W - R, y2: share(1)}));
  const top = Math.log10(most(bins.map(b => b.rows)) * 1.2 + 1);
  const rows = v => H - B - Math.log10(v + 1) / top * (H - T - B);
  const right = frame('rows, on a logarithmic scale', [0, 1, 10, 100, 1000, 10000, 100000].filter(v => Math.log10(v + 1) <= top).map(v => [v, count(v)]), rows);
  for (const b of bins) bar(right, b, rows(b.rows), `${count(b.rows)} answers`);
  byId('reliability').replaceChildren(left, right);
  fillTable(byId('reliability-table'), [{name: 'mean probability', text: b => percent(b.confidence)}, {name: 'share right', text: b => percent(b.accuracy)},
    {name: 'rows', text: b => count(b.rows)}], bins, 'Calibration: answers by probability');
}

function showRun(run) {
  showSummary(run);
  const has = Boolean(run.metrics);
  for (const id of ['confusion', 'mistakes', 'classes', 'calibration']) byId(id).hidden = !has;
  if (has) {
    const letters = Math.min(longestName(run), 12);
    document.documentElement.style.setProperty('--name', `${letters * 0.62}em`);
    document.documentElement.style.setProperty('--card-width', `${96 + 8 * letters}px`);
  }
  if (has) { showConfusion(run); showMistakes(run); showClasses(run); showReliability(run); }
  fillPairs(byId('config-table'), run.config, 'Configuration');
  fillPairs(byId('defaults-table'), run.defaults, 'Settings left at their defaults');
  fillPairs(byId('environment-table'), run.environment, 'Environment');
}

function compareRuns(runs) {
  byId('runs').hidden = false;
  const number = (name, key, text) => ({name, text: run => text(run[key]), value: run => run[key]});
  const metric = (name, key, text) => ({name, text: run => text(run.metrics[key]), value: run => run.metrics[key]});
  fillTable(byId('runs-table'), [{name: 'run', text: run => run.name, value: run => run.name}, {name: 'model', text: run => run.config.model, value: run => run.config.model},
    metric('accuracy', 'accuracy', percent), {name: '95% interval', text: run => run.metrics.wilson_95.map(v => percent(v)).join(' to ')}, metric('rows', 'rows', count),
    metric('loss', 'loss', v => v.toFixed(4)), metric('calibration error', 'calibration_error', percent), number('seconds', 'seconds', v => v.toFixed(1))], runs, 'Runs side by side');
  byId('choose').replaceChildren(...runs.map((run, i) => element('option', {value: i}, run.name)));
  byId('choose').addEventListener('change', event => showRun(runs[Number(event.target.value)]));
}

if (data.status) {
  byId('status').hidden = false;
  byId('status').firstElementChild.textContent = data.status;
}
if (data.is_going) {
  let timer = setTimeout(() => location.reload(), 1000 * RELOAD_SECONDS);
  byId('pause').hidden = false;
  byId('pause').addEventListener('click', () => {
    if (!timer) { location.reload(); return; }
    clearTimeout(timer);
    timer = 0;
    byId('pause').textContent = 'Resume';
  });
}
if (data.runs.length > 1) compareRuns(data.runs);
curves(data.runs);
showRun(data.runs[0]);
