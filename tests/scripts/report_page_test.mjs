// Drives report.html in headless Chromium: node report_page_test.mjs DIGITREC [SCREENSHOT_FOLDER]
// Exit code 77, which ctest takes as skipped, where Chromium or playwright-core is missing; scripts/check_pages.sh installs them.
import {execFileSync} from 'node:child_process';
import {createRequire} from 'node:module';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {pathToFileURL} from 'node:url';

const [digitrec, screenshots] = process.argv.slice(2);
const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(f => fs.existsSync(f));
let chromium;
try {
  const modules = process.env.NODE_PATH ?? path.join(import.meta.dirname ?? '.', '../../build/node_modules');
  ({chromium} = createRequire(path.join(modules, 'x.js'))('playwright-core'));
} catch { /* reported below */ }
if (!executablePath || !chromium) {
  console.log('Chromium or playwright-core is missing: skipped');
  process.exit(77);
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'digitrec-page-'));
process.on('exit', () => fs.rmSync(folder, {recursive: true}));
const run = (...args) => execFileSync(digitrec, args, {cwd: folder, stdio: ['ignore', 'pipe', 'pipe']}).toString();
run('data', 'synth', '--out', 'data', '--train', '3000', '--test', '10');
run('train', '--model', 'fast', '--epochs', '3', '--live', '--out', 'one');
run('train', '--model', 'mlp-128', '--epochs', '2', '--folds', '2', '--out', 'two');
run('report', 'one', 'two', '--out', 'both');

const browser = await chromium.launch({executablePath, args: ['--no-sandbox']});

async function open(file, options = {}) {
  const page = await browser.newPage({viewport: {width: 1100, height: 900}, ...options});
  page.problems = [];
  page.on('console', message => { if (['error', 'warning'].includes(message.type())) page.problems.push(message.text()); });
  page.on('pageerror', error => page.problems.push(String(error)));
  const url = pathToFileURL(path.join(folder, file)).href;
  page.on('request', request => { if (request.url() !== url && !request.url().startsWith('data:')) page.problems.push(`request to ${request.url()}`); });
  await page.goto(url);
  return page;
}

async function shoot(page, name) {
  if (screenshots) await page.screenshot({path: path.join(screenshots, `${name}.png`), fullPage: true});
}

// ---- one run ----
const page = await open('one/report.html');
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
assert.deepEqual(page.problems, []);

// ---- two runs, one of them of two networks ----
const both = await open('both/report.html');
assert.equal(await both.locator('#runs-table tbody tr').count(), 2);
const first = await both.locator('#summary').textContent();
await both.locator('#choose').selectOption('1');
assert.notEqual(await both.locator('#summary').textContent(), first);
await shoot(both, 'report-two');
assert.deepEqual(both.problems, []);

// ---- a phone ----
const phone = await open('one/report.html', {viewport: {width: 390, height: 800}, colorScheme: 'dark'});
assert.equal(await phone.evaluate(() => document.documentElement.dataset.theme), 'dark');
assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'scrolls sideways');
await shoot(phone, 'report-phone');
assert.deepEqual(phone.problems, []);

await browser.close();
console.log('report page: all as expected');
