// Drives report.html in headless Chromium; see browser.mjs.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {browser, folder, open, run, shoot} from './browser.mjs';

const openFile = (file, options) => open(pathToFileURL(path.join(folder, file)).href, options);
run('data', 'synth', '--out', 'data', '--train', '3000', '--test', '10');
run('train', '--model', 'fast', '--epochs', '3', '--live', '--out', 'one');
run('train', '--model', 'mlp-128', '--epochs', '2', '--folds', '2', '--out', 'two');
run('report', 'one', 'two', '--out', 'both');

// ---- one run ----
const page = await openFile('one/report.html');
await shoot(page, 'report-light');
const chart = page.locator('#curves svg').first();
const box = await chart.boundingBox();
await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2);
assert.equal(await chart.locator('.tip').getAttribute('visibility'), 'visible');
assert.match(await chart.locator('.tip').textContent(), /epoch \dtrained on: [\d.]+held back: [\d.]+/);
await chart.focus();
await page.keyboard.press('ArrowRight');
assert.match(await page.locator('#reading').textContent(), /^epoch \d, trained on/);

const data = JSON.parse(await page.locator('#data').textContent());
const metrics = data.runs[0].metrics;
const cell = page.locator('#confusion-table button').first();
const [, label, answer, n] = (await cell.getAttribute('aria-label')).match(/label (\d+) read as (\d+): (\d+) rows/);
assert.equal(metrics.confusion[label][answer], Number(n));
await cell.focus();
await page.keyboard.press('Enter');
assert.ok(await page.locator('#images').evaluate(dialog => dialog.open));
const cards = page.locator('#images-list .card');
assert.equal(await cards.count(), Math.min(Number(n), 24));
await shoot(page, 'report-images');
await page.keyboard.press('Escape');
assert.ok(!(await page.locator('#images').evaluate(dialog => dialog.open)));

const f1 = page.locator('#classes-table th button', {hasText: 'F1'});
const column = () => page.locator('#classes-table tbody tr td:last-child').allTextContents().then(all => all.map(parseFloat));
await f1.click();
assert.deepEqual(await column(), [...(await column())].sort((a, b) => a - b));
await f1.click();
assert.deepEqual(await column(), [...(await column())].sort((a, b) => b - a));
assert.equal(await page.locator('#classes-table th[aria-sort="descending"]').count(), 1);

const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const before = await background();
await page.locator('#theme').click();
assert.notEqual(await background(), before);
await shoot(page, 'report-dark');
const wrong = metrics.rows - metrics.correct;
assert.match(await page.locator('#mistakes-hint').textContent(), new RegExp(`^${wrong.toLocaleString('en')} of ${metrics.rows} held-out rows`));
await page.evaluate(() => showMistakes({...data.runs[0], metrics: {...data.runs[0].metrics, correct: data.runs[0].metrics.rows}}));
assert.equal(await page.locator('#mistakes-hint').textContent(), `None: all ${metrics.rows} held-out rows are read rightly.`);
assert.deepEqual(page.problems, []);

// ---- two runs, one of them of two networks ----
const both = await openFile('both/report.html');
assert.equal(await both.locator('#runs-table tbody tr').count(), 2);
const first = await both.locator('#summary').textContent();
await both.locator('#choose').selectOption('1');
assert.notEqual(await both.locator('#summary').textContent(), first);
await shoot(both, 'report-two');
assert.deepEqual(both.problems, []);

// ---- a phone ----
const phone = await openFile('one/report.html', {viewport: {width: 390, height: 800}, colorScheme: 'dark'});
assert.equal(await phone.evaluate(() => document.documentElement.dataset.theme), 'dark');
assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'scrolls sideways');
await shoot(phone, 'report-phone');
assert.deepEqual(phone.problems, []);

// ---- classes with long names ----
fs.writeFileSync(path.join(folder, 'names.txt'), Array.from({length: 10}, (_, i) => `a class whose name is long, number ${i}`).join('\n'));
run('train', '--model', 'mlp-128', '--epochs', '1', '--limit', '1000', '--class-names', 'names.txt', '--out', 'named');
run('report', 'named', '--out', 'named-report');
const named = await openFile('named-report/report.html', {viewport: {width: 390, height: 800}});
assert.ok(await named.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'scrolls sideways');
assert.ok(await named.locator('#mistakes .bar').first().evaluate(({children: [name, bar]}) =>
  name.getBoundingClientRect().right <= bar.getBoundingClientRect().left), 'a name lies over its bar');
assert.ok(await named.locator('#confusion-table thead th').nth(1).evaluate(head => head.offsetWidth < 80), 'wide columns');
assert.deepEqual(named.problems, []);

await browser.close();
console.log('report page: all as expected');
