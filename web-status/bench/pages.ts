import type { Page } from 'playwright-core';

/** The two servers whose pages are measured. */
export type Kind = 'weir' | 'buildbot';

/** A build with a long log in its first step. */
export interface LongLog {
  builder: number;
  build: number;
  lines: number;
}

/** By what one knows that a page shows something: elements, which hold a text. */
export interface Sign {
  selector: string;
  text?: string;
  /** How many there are at least; 1 where left out. */
  least?: number;
}

/** What is measured of a web status: where its pages are, and how one knows that they show something. */
export interface Pages {
  kind: Kind;
  url: string;
  lines: number;
  first: { hash: string; ready: Sign };
  waterfall: { hash: string; ready: Sign; settled: Sign; surface: string };
  log: { hash: string; ready: Sign; ended: Sign };
  /** The page of the build that the log is of. */
  build: { hash: string; ready: Sign };
  /** Leads to the end of the log. */
  toEnd: (page: Page) => Promise<void>;
}

/** The link to the first builder. */
const LINK: Sign = { selector: 'a', text: 'b000' };

/** The pages of a server. */
export function pagesOf(kind: Kind, url: string, log: LongLog): Pages {
  return kind === 'weir' ? weir(url, log) : buildbot(url, log);
}

function weir(url: string, { builder, build, lines }: LongLog): Pages {
  const itsBuild = `#/builders/${builder}/builds/${build}`;
  const hash = `${itsBuild}/steps/0/logs/stdio`;
  const chart = '[data-testid=waterfall-chart]';
  return {
    kind: 'weir', url, lines,
    first: { hash: '#/builders', ready: LINK },
    waterfall: { hash: '#/waterfall?span=1d', ready: { selector: `${chart}[data-drawn=true]` }, settled: { selector: `${chart}[data-settled=true]` }, surface: '[data-testid=waterfall-surface]' },
    log: { hash, ready: { selector: '[data-testid=log-line]', text: lineOf(0) }, ended: { selector: '[data-testid=log-line]', text: lineOf(lines - 1) } },
    build: { hash: itsBuild, ready: { selector: `[data-testid=build][data-number="${build}"]` } },
    // Behind the log's own lines there are some of the step's.
    toEnd: (page) => page.evaluate((line) => void (location.hash = line), `${hash}#L${lines}`),
  };
}

// Before the first step of a build, Buildbot has one that prepares the worker.
function buildbot(url: string, { builder, build, lines }: LongLog): Pages {
  const boxes: Sign = { selector: 'g.build rect', least: 20 };
  return {
    kind: 'buildbot', url, lines,
    first: { hash: '#/builders', ready: LINK },
    waterfall: { hash: '#/waterfall', ready: boxes, settled: boxes, surface: '.inner-content' },
    log: { hash: `#/builders/${builder}/builds/${build}/steps/1/logs/stdio`, ready: { selector: '#root', text: lineOf(0) }, ended: { selector: '#root', text: lineOf(lines - 1) } },
    build: { hash: `#/builders/${builder}/builds/${build}`, ready: { selector: '#root', text: 'worker_preparation' } },
    toEnd: (page) =>
      page.evaluate(() => {
        const boxes = [...document.querySelectorAll<HTMLElement>('*')].filter((one) => one.scrollHeight > one.clientHeight + 100);
        for (const box of boxes) box.scrollTop = box.scrollHeight;
      }),
  };
}

/** The number with which a line begins, from 0. */
function lineOf(line: number): string {
  return String(line).padStart(8, '0');
}
