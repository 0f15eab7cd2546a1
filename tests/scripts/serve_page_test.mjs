// Draws on the page of digitrec serve in headless Chromium, with the mouse and with a finger; see browser.mjs. FRONT names a
// program that is given the server's port and prints an address under which the page is then opened (a proxy); SERVE_FLAGS are
// more flags for the server.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import {browser, digitrec, folder, open, run, shoot} from './browser.mjs';

// Each digit as a person draws it: strokes of points, x to the right and y down, on a square of 0 to 1.
const curve = (n, at) => Array.from({length: n + 1}, (_, i) => at(i / n));
const arc = (x, y, rx, ry, from, to, n = 24) => curve(n, t => {
  const angle = (from + (to - from) * t) * Math.PI / 180;
  return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)];
});
const line = (...points) => points;
const digits = [
  [arc(.5, .5, .25, .36, -90, 270, 40)],
  [line([.54, .12], [.5, .88])],
  [[...arc(.5, .32, .22, .18, 180, 380), ...line([.3, .84], [.75, .84])]],
  [[...arc(.47, .32, .22, .18, 200, 450), ...arc(.47, .68, .24, .18, 270, 520)]],
  [line([.6, .12], [.26, .58], [.8, .58]), line([.62, .3], [.62, .88])],
  [[...line([.7, .15], [.36, .15], [.34, .45]), ...arc(.5, .63, .22, .22, 230, 500)]],
  [[...arc(.85, .5, .5, .45, 235, 180), ...arc(.5, .66, .18, .18, 180, 540)]],
  [line([.26, .16], [.76, .16], [.45, .86])],
  [[...arc(.5, .32, .19, .18, -60, -270, 30), ...arc(.5, .68, .21, .18, -90, 270, 30), ...arc(.5, .32, .19, .18, 90, -60)]],
  [[...arc(.5, .34, .19, .19, 0, 360), ...line([.69, .34], [.67, .6], [.6, .87])]],
];

run('data', 'synth', '--out', 'data', '--train', '12000', '--test', '10');
run('train', '--model', 'fast', '--epochs', '3', '--out', 'fast');
run('train', '--model', 'mlp-128', '--epochs', '1', '--limit', '2000', '--out', 'small');
const flags = (process.env.SERVE_FLAGS ?? '').split(' ').filter(flag => flag);
const server = spawn(digitrec, ['serve', '--checkpoint', 'fast', 'small', '--port', '0', ...flags],
                     {cwd: folder, stdio: ['ignore', 'pipe', 'ignore']});
process.on('exit', () => server.kill('SIGKILL'));
let url = String((await once(server.stdout, 'data'))[0]).trim();
let front;
if (process.env.FRONT) {
  front = spawn(process.env.FRONT, [new URL(url).port], {stdio: ['ignore', 'pipe', 'inherit']});
  process.on('exit', () => front.kill());
  url = String((await once(front.stdout, 'data'))[0]).trim();
}

const number = page => page.locator('#number').textContent();
/** Waits until the page has caught up with the drawing. */
async function settled(page) {
  await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));  // moves arrive with frames
  await page.waitForFunction(() => document.body.dataset.state !== 'reading');
}

/** Chromium also reports each refusal, as that of the dot with which a stroke begins. */
const problemsOf = page => page.problems.filter(text => !text.includes('422'));

async function place(page) {
  const {x, y, width, height} = await page.locator('#paper').boundingBox();
  return ([u, v]) => ({x: x + u * width, y: y + v * height});
}

async function drawWithMouse(page, strokes) {
  const to = await place(page);
  for (const [start, ...points] of strokes) {
    await page.mouse.move(to(start).x, to(start).y);
    await page.mouse.down();
    for (const point of points) await page.mouse.move(to(point).x, to(point).y);
    await page.mouse.up();
  }
  await settled(page);
}

async function drawWithFinger(page, strokes) {
  const to = await place(page);
  const touch = await page.context().newCDPSession(page);
  const send = (type, touchPoints) => touch.send('Input.dispatchTouchEvent', {type, touchPoints});
  for (const [start, ...points] of strokes) {
    await send('touchStart', [to(start)]);
    for (const point of points) await send('touchMove', [to(point)]);
    await page.waitForTimeout(100);  // a finger that is lifted at full speed flings, and Chromium swallows the next tap
    await send('touchMove', [to(points.at(-1))]);
    await send('touchEnd', []);
  }
  await settled(page);
}

// ---- a desk, with a mouse ----
const page = await open(url, {viewport: {width: 1100, height: 620}});
assert.equal(await number(page), '?');
for (const [label, strokes] of digits.entries()) {
  await drawWithMouse(page, strokes);
  assert.equal(await number(page), String(label), `drew a ${label}`);
  if (label === 3) await shoot(page, 'serve-light');
  await page.locator('#clear').click();
  await settled(page);
  assert.equal(await number(page), '?');
}
await page.locator('#undo').click();  // takes the last clearing back
await settled(page);
assert.equal(await number(page), '9');

// Small and in a corner; then a thin pen; then two digits.
for (const change of [([x, y]) => [.72 + .25 * x, .72 + .25 * y], ([x, y]) => [.3 * x, .35 * y]]) {
  await page.keyboard.press('Escape');
  await drawWithMouse(page, digits[2].map(stroke => stroke.map(change)));
  assert.equal(await number(page), '2');
}
await page.locator('#brush').fill('8');
await drawWithMouse(page, digits[7].map(stroke => stroke.map(([x, y]) => [.4 + .3 * x, .35 * y])));
assert.equal(await number(page), '27');
assert.equal(await page.locator('#digits button').count(), 2);
await page.locator('#digits button').nth(1).click();
await page.keyboard.press('Control+z');
await settled(page);
assert.equal(await number(page), '2');

// Two digits that touch are read as one, with a hint; one alone has none.
const advice = page => page.locator('#advice').textContent();
assert.equal(await advice(page), '');
await page.keyboard.press('Escape');
await drawWithMouse(page, [0, .28].flatMap(right => digits[0].map(stroke => stroke.map(([x, y]) => [.6 * x + right, .5 * y]))));
assert.equal(await number(page).then(text => text.length), 1);
assert.equal(await advice(page), 'Two digits that touch? They are read as one: leave a gap.');
await page.keyboard.press('Escape');
await settled(page);
assert.equal(await advice(page), '');
await page.keyboard.press('Control+z');
await page.keyboard.press('Control+z');
await page.keyboard.press('Control+z');
await page.keyboard.press('Control+z');
await settled(page);
assert.equal(await number(page), '2');

// An answer that is late leaves the one before it grey, which cannot be corrected by mistake.
const isGrey = page => page.locator('#answer[aria-busy="true"]').count();
assert.equal(await isGrey(page), 0);
const late = async route => {
  await new Promise(done => setTimeout(done, 800));
  await route.continue();
};
await page.route('**/api/predict*', late);
const drawn = drawWithMouse(page, digits[7].map(stroke => stroke.map(([x, y]) => [.4 + .3 * x, .35 * y])));
await page.waitForSelector('#answer[aria-busy="true"]');
assert.equal(await number(page), '2', 'the old answer stays until the new one is there');
await drawn;
assert.equal(await isGrey(page), 0);
assert.equal(await number(page), '27');
await page.unroute('**/api/predict*', late);
await page.keyboard.press('Control+z');
await settled(page);

// All classes, why, another model, the theme.
assert.equal(await page.locator('.bar').count(), 3);
await page.locator('#all').click();
assert.equal(await page.locator('.bar').count(), 10);
await page.locator('#why').check();
const before = await page.locator('#bars').textContent();
await page.locator('#model').selectOption('small');
await settled(page);
assert.notEqual(await page.locator('#bars').textContent(), before);
await page.locator('#model').selectOption('fast');
await page.locator('#theme').click();
await settled(page);
assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
await page.keyboard.press('Escape');
await page.locator('#brush').fill('32');
await drawWithMouse(page, digits[5]);
assert.equal(await number(page), '5', 'light ink on dark paper');
await shoot(page, 'serve-dark');

// A correction ends up in the file, which train can read.
await page.getByRole('button', {name: 'It is 5: save the drawing'}).click();
await page.waitForFunction(() => document.querySelector('#saved').textContent !== '');
assert.equal(await page.locator('#saved').textContent(), 'Saved to corrections.csv as 5. Thank you.');
assert.match(fs.readFileSync(path.join(folder, 'corrections.csv'), 'utf8').split('\n')[1], /^5(,\d+){784}$/);
run('data', 'info', 'corrections.csv');
await page.locator('#unsave').click();
await page.waitForFunction(() => document.querySelector('#saved').textContent === 'Removed from corrections.csv.');
assert.equal(fs.readFileSync(path.join(folder, 'corrections.csv'), 'utf8').split('\n').length, 2, 'the header alone');
assert.ok(await page.locator('#unsave').isHidden());

// A picture from a file; and a file that is not one.
const png = await page.locator('#paper').screenshot();
await page.keyboard.press('Escape');
await page.locator('#file').setInputFiles({name: 'five.png', mimeType: 'image/png', buffer: png});
await settled(page);
assert.equal(await number(page), '5', 'an opened picture');
await page.locator('#file').setInputFiles({name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('hello')});
await settled(page);
assert.equal(await page.locator('#message').textContent(), 'notes.txt is not a picture that can be opened');

// A wide picture of another kind, as Chromium opens it: the reading is of it, not of the paper around it.
const webp = await page.evaluate(() => {
  const canvas = Object.assign(document.createElement('canvas'), {width: 600, height: 200});
  const pen = canvas.getContext('2d');
  pen.fillStyle = '#999';
  pen.fillRect(0, 0, 600, 200);
  pen.strokeStyle = '#222';
  pen.lineWidth = 14;
  pen.stroke(new Path2D('M250 40h90l-60 120'));
  return canvas.toDataURL('image/webp').split(',')[1];
});
await page.locator('#file').setInputFiles({name: 'seven.webp', mimeType: 'image/webp', buffer: Buffer.from(webp, 'base64')});
await settled(page);
assert.equal(await number(page), '7', 'a wide picture on grey');

// A dot is refused, with a reason. The keyboard draws a line, off the middle; clearing lifts its pen.
await page.keyboard.press('Escape');
await drawWithMouse(page, [[[.5, .5]]]);
assert.equal(await page.locator('#message').textContent(), 'A dot');
await page.keyboard.press('Escape');
await page.locator('#paper').focus();
for (const key of ['Space', 'ArrowUp', 'Escape', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowUp',
                   'Space', ...Array(12).fill('ArrowDown')]) {
  await page.keyboard.press(key);
}
await settled(page);
assert.equal(await number(page), '1', 'drawn with the keyboard');
await page.keyboard.press('Control+z');
await page.keyboard.press('ArrowDown');  // the pen is up: this must not draw
assert.deepEqual(problemsOf(page), []);

// ---- a phone, with a finger ----
const phone = await open(url, {viewport: {width: 390, height: 844}, hasTouch: true, isMobile: true, deviceScaleFactor: 2, colorScheme: 'dark'});
for (const [label, strokes] of digits.entries()) {
  await drawWithFinger(phone, strokes);
  assert.equal(await number(phone), String(label), `drew a ${label} with a finger`);
  if (label === 8) await shoot(phone, 'serve-phone');
  await phone.locator('#clear').tap();
  await phone.waitForFunction(() => document.querySelector('#number').textContent === '?');
}
assert.equal(await phone.evaluate(() => scrollY), 0, 'drawing scrolls the page');
assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'scrolls sideways');
assert.deepEqual(problemsOf(phone), []);

// ---- screens of any size show the paper, its tools and the answer at once ----
for (const [width, height] of [[360, 640], [320, 568], [844, 390], [667, 375], [1100, 700], [768, 1024]]) {
  const screen = await open(url, {viewport: {width, height}});
  await drawWithMouse(screen, digits[2]);
  for (const part of ['#paper', '#undo', '#brush', '#upload', '#number', '#message']) {
    const box = await screen.locator(part).boundingBox();
    assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height,
              `${part} on a screen of ${width} x ${height}: ${JSON.stringify(box)}`);
  }
  const {width: side, height: down} = await screen.locator('#paper').boundingBox();
  assert.ok(Math.abs(side - down) < 1 && side >= 200, `paper of ${side} x ${down} on a screen of ${width} x ${height}`);
  assert.ok(await screen.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'scrolls sideways');
  await screen.close();
}

await browser.close();
front?.kill();
server.kill('SIGTERM');
assert.deepEqual(await once(server, 'exit'), [0, null]);
console.log('serve page: all as expected');
