// Compares what report.html and curves.svg draw with metrics.csv, by the numbers that their own axes show: each value stands
// within a pixel of its place, and what is out of the axis' range is not drawn in it. See browser.mjs.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {browser, folder, open, run} from './browser.mjs';

const openFile = file => open(pathToFileURL(path.join(folder, file)).href);
const near = (a, b, tolerance = 1) => Math.abs(a - b) <= tolerance;

/** Columns of metrics.csv, as lists of numbers. */
function readMetrics(file) {
  const [head, ...rows] = fs.readFileSync(path.join(folder, file), 'utf8').trim().split('\n').map(line => line.split(','));
  return Object.fromEntries(head.map((name, i) => [name, rows.map(row => Number(row[i]))]));
}

/** The straight line through an axis' ticks [pixel, value]: a function from value to pixel. */
function axis(ticks, where) {
  assert.ok(ticks.length >= 2, `${where}: ${ticks.length} ticks`);
  const [[p0, v0], [p1, v1]] = [ticks[0], ticks[ticks.length - 1]];
  const place = value => p0 + (value - v0) / (v1 - v0) * (p1 - p0);
  for (const [pixel, value] of ticks) assert.ok(near(place(value), pixel), `${where}: tick ${value} at ${pixel}`);
  return place;
}

/** pane: {x, y: ticks, paths: [[[x, y]]], points: [[x, y]], frame: [left, top, right, bottom]}; values: one an epoch. */
function compare(pane, epochs, values, where) {
  const Y = axis(pane.y, `${where}, y axis`);
  const X = pane.x.length > 1 ? axis(pane.x, `${where}, x axis`) : () => pane.x[0][0];  // one epoch has one tick
  const [left, top, right, bottom] = pane.frame;
  const places = epochs.map((epoch, i) => [X(epoch), Y(values[i])]);
  const isInside = ([x, y]) => x >= left - 1 && x <= right + 1 && y >= top - 1 && y <= bottom + 1;
  const vertices = pane.paths.flat();
  for (const [i, place] of places.entries()) {
    if (!isInside(place)) continue;
    assert.ok([...vertices, ...pane.points].some(v => near(v[0], place[0]) && near(v[1], place[1])),
      `${where}: epoch ${epochs[i]}, ${values[i]}: nothing at ${place}`);
  }
  // Nothing is drawn where no value and no line between two values is.
  const isOnLine = ([x, y]) => places.some(([x1, y1], i) => {
    const [x0, y0] = places[Math.max(0, i - 1)];
    return x >= x0 - 1 && x <= x1 + 1 && (near(x0, x1) ? near(y, y1) : near(y, y0 + (y1 - y0) * (x - x0) / (x1 - x0)));
  });
  for (const vertex of vertices) assert.ok(isOnLine(vertex), `${where}: a line through ${vertex}`);
  for (const point of pane.points) {
    assert.ok(places.some(p => near(p[0], point[0]) && near(p[1], point[1])), `${where}: a point at ${point}`);
    assert.ok(isInside(point), `${where}: a point at ${point}, out of its axes`);
  }
  return places.filter(isInside).length;
}

/** The charts of report.html. */
const readPage = page => page.evaluate(() => {
  const numbers = text => [...text.matchAll(/-?[\d.]+/g)].map(m => Number(m[0]));
  return [...document.querySelectorAll('#curves > div')].map(div => {
    const svg = div.querySelector('svg');
    const line = svg.querySelector('line.axis');
    const get = (e, name) => Number(e.getAttribute(name));
    const bottom = get(line, 'y1'), left = get(line, 'x1'), right = get(line, 'x2');
    const texts = [...svg.querySelectorAll('text')];
    const y = texts.filter(t => t.getAttribute('text-anchor') === 'end' && get(t, 'x') < left)
      .map(t => [get(t, 'y') - 4, parseFloat(t.textContent) / (t.textContent.endsWith('%') ? 100 : 1)]);
    const x = texts.filter(t => t.getAttribute('text-anchor') === 'middle' && /^\d+$/.test(t.textContent)).map(t => [get(t, 'x'), Number(t.textContent)]);
    const series = [...svg.querySelectorAll('path')].map(p => {
      const d = numbers(p.getAttribute('d'));
      const colour = p.style.stroke;
      const points = [...svg.querySelectorAll('circle')].filter(c => c.style.fill === colour).map(c => [get(c, 'cx'), get(c, 'cy')]);
      return {colour, points, paths: [d.flatMap((v, i) => i % 2 ? [[d[i - 1], v]] : [])]};
    });
    return {x, y, series, frame: [left, 34, right, bottom], note: div.querySelector('p')?.textContent ?? ''};
  });
});

/** The panes of curves.svg: loss, accuracy, learning rate. */
const readFigure = page => page.evaluate(() => {
  const numbers = text => [...text.matchAll(/-?[\d.]+/g)].map(m => Number(m[0]));
  const ticks = {x: [], y: []};
  for (const mark of document.querySelectorAll('path')) {
    const d = numbers(mark.getAttribute('d'));
    const text = mark.nextElementSibling?.querySelector('text')?.textContent.trim();
    if (d.length !== 4 || !text || isNaN(text)) continue;
    if (d[1] === d[3] && Math.abs(d[0] - d[2]) < 6) ticks.y.push([d[0], d[1], Number(text)]);
    if (d[0] === d[2] && Math.abs(d[1] - d[3]) < 6) ticks.x.push([d[0], d[1], Number(text)]);
  }
  const colours = {orange: 'rgb(213,94,0)', blue: 'rgb(0,114,178)', green: 'rgb(0,158,115)'};
  return [[64, 100, 388, 318], [464, 100, 780, 318], [64, 370, 780, 410]].map(frame => {
    const [left, top, right, bottom] = frame;
    const isIn = ([x, y]) => x >= left - 1 && x <= right + 1 && y >= top - 1 && y <= bottom + 1;
    const series = Object.entries(colours).map(([colour, rgb]) => {
      const drawn = (e, name) => (e.getAttribute(name) ?? '').replaceAll(' ', '') === rgb;
      const paths = [...document.querySelectorAll('path')].filter(p => drawn(p, 'stroke')).flatMap(p =>
        p.getAttribute('d').split('M').slice(1).map(part => { const d = numbers(part); return d.flatMap((v, i) => i % 2 ? [[d[i - 1], v]] : []); }));
      const points = [...document.querySelectorAll('use[transform^="translate"]')].filter(u => drawn(u, 'color')).map(u => numbers(u.getAttribute('transform')).slice(0, 2));
      // The key's samples are a line of 21.5 pixels with a point in its middle.
      const samples = paths.filter(p => p.length === 2 && p[0][1] === p[1][1] && Math.abs(Math.abs(p[1][0] - p[0][0]) - 21.5) < 0.1);
      return {colour, paths: paths.filter(p => !samples.includes(p) && p.every(isIn)),
        points: points.filter(p => isIn(p) && !samples.some(([a, b]) => p[1] === a[1] && p[0] > a[0] && p[0] < b[0]))};
    });
    return {frame, series, x: ticks.x.filter(([x, y]) => isIn([x, y])).map(([x, , v]) => [x, v]),
      y: ticks.y.filter(([x, y]) => Math.abs(x - left) < 1 && isIn([x, y])).map(([, y, v]) => [y, v])};
  });
});

run('data', 'synth', '--out', 'data', '--train', '600', '--test', '10');
let outside = 0;
for (const epochs of [1, 2, 8, 60]) {
  const name = `run-${epochs}`;
  run('train', '--data', 'data', '--model', 'mlp-128', '--epochs', String(epochs), '--schedule', 'one-cycle', '--out', name);
  run('report', name);
  const metrics = readMetrics(`${name}/metrics.csv`);
  assert.equal(metrics.epoch.length, epochs);
  const columns = {loss: {orange: metrics.train_loss, blue: metrics.val_loss}, accuracy: {orange: metrics.train_accuracy, blue: metrics.val_accuracy}};

  const page = await openFile(`${name}/report.html`);
  for (const [i, pane] of (await readPage(page)).entries()) {
    const what = ['loss', 'accuracy'][i];
    assert.equal(pane.series.length, 2);
    for (const series of pane.series) {
      const values = columns[what][series.colour.match(/--(\w+)/)[1]];
      const drawn = compare({...pane, ...series}, metrics.epoch, values, `${name}/report.html, ${what}, ${series.colour}`);
      outside += epochs - drawn;
      assert.ok(drawn === epochs || pane.note.startsWith('Below the axis: '), `${name}: ${epochs - drawn} values are out of the axis, unsaid`);
    }
  }
  assert.deepEqual(page.problems, []);

  const figure = await openFile(`${name}/figures/curves.svg`);
  const [loss, accuracy, rate] = await readFigure(figure);
  const inPercent = values => values.map(v => 100 * v);
  for (const [what, pane, scale] of [['loss', loss, v => v], ['accuracy', accuracy, inPercent]]) {
    for (const series of pane.series.filter(s => s.colour !== 'green')) {
      compare({...pane, ...series}, metrics.epoch, scale(columns[what][series.colour]), `${name}/curves.svg, ${what}, ${series.colour}`);
    }
  }
  const green = rate.series.find(s => s.colour === 'green');
  const X = axis(rate.x, 'learning rate, x axis'), Y = axis(rate.y, 'learning rate, y axis');
  for (const [i, epoch] of metrics.epoch.entries()) {
    assert.ok(green.paths.flat().some(v => near(v[0], X(epoch)) && near(v[1], Y(metrics.lr[i]))), `${name}: learning rate ${metrics.lr[i]} of epoch ${epoch}`);
  }
  // The number at the top is that of the highest point drawn.
  const top = rate.y.reduce((a, b) => a[0] < b[0] ? a : b);
  assert.ok(near(Math.min(...green.paths.flat().map(v => v[1])), top[0]), `${name}: the rate's peak is not at ${top[1]}`);
}
assert.ok(outside > 0, 'no first epoch was far off: nothing tells whether it is drawn rightly');

await browser.close();
console.log('charts: all as expected');
