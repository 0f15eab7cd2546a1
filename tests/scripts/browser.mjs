// What the tests of pages share: node TEST DIGITREC [SCREENSHOT_FOLDER]. Exit code 77, which ctest takes as skipped, where
// Chromium or playwright-core is missing; scripts/setup/install_dependencies.sh --browser installs them.
import {execFileSync} from 'node:child_process';
import {createRequire} from 'node:module';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const [program, screenshots] = process.argv.slice(2);
export const digitrec = path.resolve(program);

const folders = (process.env.PATH ?? '').split(path.delimiter);
const onPath = name => folders.map(folder => path.join(folder, name)).find(file => fs.existsSync(file));
// Last the name that Ubuntu gives to a script which only asks for a snap.
const executablePath = process.env.CHROMIUM ?? ['chromium', 'google-chrome', 'chromium-browser'].map(onPath).find(file => file);

const driver = fileURLToPath(new URL('../../.cache/browser/playwright/driver/package', import.meta.url));
const require = createRequire(import.meta.url);
let chromium;
for (const name of [driver, 'playwright-core']) {
  try {
    chromium ??= require(name).chromium;
  } catch { /* reported below */ }
}
if (!executablePath || !chromium) {
  console.log(`skipped: ${executablePath ? 'playwright-core' : 'Chromium'} is missing; ` +
              'scripts/setup/install_dependencies.sh --browser installs it');
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
  if (screenshots) await page.screenshot({path: path.join(screenshots, `${name}.png`), fullPage: true, animations: 'disabled'});
}
