// What the tests of pages share: node TEST DIGITREC [SCREENSHOT_FOLDER]. Exit code 77, which ctest takes as skipped, where
// Chromium or playwright-core is missing; scripts/check/pages.sh installs them.
import {execFileSync} from 'node:child_process';
import {createRequire} from 'node:module';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const [program, screenshots] = process.argv.slice(2);
export const digitrec = path.resolve(program);
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

/** A folder of the test's own, removed when it ends. */
export const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'digitrec-page-'));
process.on('exit', () => fs.rmSync(folder, {recursive: true}));

/** Runs digitrec in the folder; gives what it prints. */
export const run = (...args) => execFileSync(digitrec, args, {cwd: folder, stdio: ['ignore', 'pipe', 'pipe']}).toString();

export const browser = await chromium.launch({executablePath, args: ['--no-sandbox']});

/** Opens a page; `problems` of it collects errors and warnings on its console, and requests to other sites. */
export async function open(url, options = {}) {
  const page = await browser.newPage({viewport: {width: 1100, height: 900}, ...options});
  page.problems = [];
  page.on('console', message => { if (['error', 'warning'].includes(message.type())) page.problems.push(message.text()); });
  page.on('pageerror', error => page.problems.push(String(error)));
  const isOwn = requested => url.startsWith('file:') ? requested === url : new URL(requested).origin === new URL(url).origin;
  page.on('request', request => {
    if (!isOwn(request.url()) && !/^(data|blob):/.test(request.url())) page.problems.push(`request to ${request.url()}`);
  });
  await page.goto(url);
  return page;
}

export async function shoot(page, name) {
  if (screenshots) await page.screenshot({path: path.join(screenshots, `${name}.png`), fullPage: true});
}
