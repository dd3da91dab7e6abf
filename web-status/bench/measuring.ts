import { gzipSync } from 'node:zlib';

import { chromium, type Browser, type CDPSession, type Page } from 'playwright-core';

import { Injector } from './injector.ts';
import type { Pages, Sign } from './pages.ts';

/** What was measured of a web status; what could not be is not there, and why is in `problems`. */
export interface Figures {
  first?: number;
  script?: number;
  picture?: number;
  settled?: number;
  builds?: number;
  frame?: number;
  late?: string;
  /** Milliseconds of CPU of the longest task of the page's thread while it was scrolled. */
  task?: number;
  lines?: number;
  /** The same where the page is there already, and shows the log's build. */
  there?: number;
  end?: number;
  cpu?: number;
  growth?: number;
  events?: number;
  seconds?: number;
  problems: string[];
}

const TIMES = 3;
const SCREEN = { width: 1360, height: 860 };
/** Events in a second. */
const RATE = 1000;
/** Milliseconds until a page may show something. */
const PATIENCE = 120_000;
/** Turns of the wheel: down, up and to the sides. */
const TURNS = 120;

/** What can be measured by itself. */
export type Part = 'first' | 'waterfall' | 'log' | 'events';

/** Measures the pages of one server, each in a browser that has seen nothing yet. */
export class Measuring {
  readonly #pages: Pages;
  readonly #figures: Figures;

  constructor(pages: Pages, figures: Figures) {
    this.#pages = pages;
    this.#figures = figures;
  }

  /** Measures a part; gives all figures so far. */
  async measure(part: Part, seconds: number): Promise<Figures> {
    const work: Record<Part, () => Promise<void>> = {
      first: () => this.#first(), waterfall: () => this.#waterfall(), log: () => this.#log(), events: () => this.#events(seconds),
    };
    try {
      await work[part]();
    } catch (error) {
      this.#figures.problems.push(`${part}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`);
    }
    process.stderr.write(`${this.#pages.kind}: ${part}: ${JSON.stringify(this.#figures)}\n`);
    return this.#figures;
  }

  /** Works with a page in a browser of its own. */
  async #browsing(work: (page: Page, browser: Browser) => Promise<void>): Promise<void> {
    const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'] });
    try {
      const page = await browser.newPage({ viewport: SCREEN });
      await work(page, browser);
      // Buildbot does not stand it when one leaves in the middle of its answers.
      if (this.#pages.kind === 'buildbot') await page.waitForLoadState('networkidle', { timeout: 20_000 }).catch(() => undefined);
    } finally {
      await browser.close();
    }
  }

  async #first(): Promise<void> {
    const { url, first } = this.#pages;
    const times: number[] = [];
    for (let i = 0; i < TIMES; i++) {
      await this.#browsing(async (page) => {
        const scripts: Promise<number>[] = [];
        page.on('response', (response) => {
          if (response.request().resourceType() === 'script') scripts.push(response.body().then((body) => gzipSync(body).length));
        });
        times.push(await opened(page, `${url}/${first.hash}`, first.ready));
        this.#figures.script = (await Promise.all(scripts)).reduce((sum, one) => sum + one, 0) / 1000;
      });
    }
    this.#figures.first = median(times);
  }

  async #waterfall(): Promise<void> {
    const { url, waterfall } = this.#pages;
    const [pictures, settled]: [number[], number[]] = [[], []];
    for (let i = 0; i < TIMES; i++) {
      await this.#browsing(async (page, browser) => {
        pictures.push(await opened(page, `${url}/${waterfall.hash}`, waterfall.ready));
        settled.push(await when(page, waterfall.settled));
        if (i === TIMES - 1) await this.#scroll(page, browser);
      });
    }
    this.#figures.picture = median(pictures);
    this.#figures.settled = median(settled);
  }

  /** Turns the wheel over the picture, and notes how far apart frames are. */
  async #scroll(page: Page, browser: Browser): Promise<void> {
    const { waterfall } = this.#pages;
    await page.locator(waterfall.surface).first().hover({ force: true, timeout: 5000 }).catch(() => page.mouse.move(600, 500));
    await page.evaluate(() => {
      const frames: number[] = [];
      Object.assign(window, { frames });
      let before = performance.now();
      const note = (now: number): void => {
        frames.push(now - before);
        before = now;
        requestAnimationFrame(note);
      };
      requestAnimationFrame(note);
    });
    await browser.startTracing(page, { categories: ['toplevel', '__metadata'] });
    for (let turn = 0; turn < TURNS; turn++) {
      const part = turn / TURNS;
      const [x, y] = part < 0.4 ? [0, 90] : part < 0.6 ? [0, -90] : part < 0.9 ? [120, 0] : [-120, 30];
      await page.mouse.wheel(x, y);
    }
    this.#figures.task = longestTask(await browser.stopTracing());
    const frames = await page.evaluate(() => (window as unknown as { frames: number[] }).frames.slice(2));
    this.#figures.frame = Math.max(...frames);
    this.#figures.late = `${frames.filter((frame) => frame > 50).length} of ${frames.length}`;
  }

  async #log(): Promise<void> {
    const { url, build, log, toEnd } = this.#pages;
    const [lines, there, ends]: [number[], number[], number[]] = [[], [], []];
    for (let i = 0; i < TIMES; i++) {
      await this.#browsing(async (page) => {
        lines.push(await opened(page, `${url}/${log.hash}`, log.ready));
        const begun = await page.evaluate(() => performance.now());
        await toEnd(page);
        ends.push((await when(page, log.ended)) - begun);
      });
      await this.#browsing(async (page) => {
        await opened(page, `${url}/${build.hash}`, build.ready);
        await page.evaluate(() => new Promise((rested) => requestIdleCallback(rested)));
        const begun = await page.evaluate((hash) => {
          location.hash = hash;
          return performance.now();
        }, log.hash);
        there.push((await when(page, log.ready)) - begun);
      });
      this.#figures.lines = median(lines);
      this.#figures.there = median(there);
      if (ends.length > 0) this.#figures.end = median(ends);
    }
  }

  async #events(seconds: number): Promise<void> {
    const { url, waterfall } = this.#pages;
    const injector = await Injector.before(url);
    try {
      await this.#browsing(async (page, browser) => {
        await opened(page, `${injector.url}/${waterfall.hash.replace('1d', '4h')}`, waterfall.ready);
        await when(page, waterfall.settled);
        const meter = await Meter.of(page, browser);
        injector.rate = RATE;
        // What is held of the past, and of what comes, has its size after a while: from then on it must not grow.
        await pause(Math.min(30, seconds / 4) * 1000);
        const [before, sent, begun] = [await meter.read(), injector.sent, performance.now()];
        await pause(seconds * 1000);
        const [after, time] = [await meter.read(), (performance.now() - begun) / 1000];
        this.#figures.cpu = ((after.cpu - before.cpu) / time) * 100;
        this.#figures.growth = after.heap - before.heap;
        this.#figures.events = (injector.sent - sent) / time;
        this.#figures.seconds = time;
      });
    } finally {
      await injector.close();
    }
  }
}

/** CPU and memory of a page's process. */
class Meter {
  readonly #page: CDPSession;
  readonly #browser: CDPSession;

  private constructor(page: CDPSession, browser: CDPSession) {
    this.#page = page;
    this.#browser = browser;
  }

  static async of(page: Page, browser: Browser): Promise<Meter> {
    return new Meter(await page.context().newCDPSession(page), await browser.newBrowserCDPSession());
  }

  /** Seconds of CPU since the start, and megabytes of script's memory that are in use. */
  async read(): Promise<{ cpu: number; heap: number }> {
    await this.#page.send('HeapProfiler.collectGarbage');
    const { usedSize } = await this.#page.send('Runtime.getHeapUsage');
    const { processInfo } = await this.#browser.send('SystemInfo.getProcessInfo');
    const cpu = processInfo.filter((one) => one.type === 'renderer').reduce((sum, one) => sum + one.cpuTime, 0);
    return { cpu, heap: usedSize / 1e6 };
  }
}

interface Traced {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  /** Microseconds of CPU. */
  tdur?: number;
  args?: { name?: string };
}

/** Milliseconds of CPU of the longest task of a page's own thread: on a busy machine a frame may last long and do little. */
function longestTask(trace: Buffer): number {
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: Traced[] };
  const pages = new Set(traceEvents.filter((one) => one.name === 'thread_name' && one.args?.name === 'CrRendererMain').map((one) => `${one.pid} ${one.tid}`));
  const tasks = traceEvents.filter((one) => one.ph === 'X' && one.name === 'ThreadControllerImpl::RunTask' && pages.has(`${one.pid} ${one.tid}`));
  return tasks.reduce((longest, one) => Math.max(longest, (one.tdur ?? 0) / 1000), 0);
}

/** Opens an address; gives the milliseconds from the beginning of that until it shows what it should. */
async function opened(page: Page, url: string, ready: Sign): Promise<number> {
  await page.goto(url, { waitUntil: 'commit' });
  return when(page, ready);
}

/** Milliseconds since the page was opened at which it shows a sign, looked for with each of its frames. */
async function when(page: Page, sign: Sign): Promise<number> {
  const look = page.evaluate(
    ({ selector, text, least = 1, patience }) =>
      new Promise<number>((resolve) => {
        const end = performance.now() + patience;
        const look = (): void => {
          const all = [...document.querySelectorAll(selector)];
          const found = text === undefined ? all : all.filter((one) => one.textContent?.includes(text));
          if (found.length >= least) return resolve(performance.now());
          if (performance.now() > end) return resolve(NaN);
          requestAnimationFrame(look);
        };
        look();
      }),
    { ...sign, patience: PATIENCE },
  );
  const found = await look;
  if (Number.isNaN(found)) throw new Error(`after ${PATIENCE / 1000} s there is no ${sign.selector}${sign.text === undefined ? '' : ` with ${sign.text}`}`);
  return found;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
