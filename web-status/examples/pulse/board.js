// @ts-check
import { marks } from './marks.js';
import { say } from './words.js';

/** @typedef {import('../../src/lib/view.ts').ViewContext} Context */
/** @typedef {import('../../client/index.ts').Build} Build */

/** More tiles than this are too small to be read from afar: the rest is told as a number. */
const MOST = 240;
/** Builders without a recent build whose last one is asked for by itself. */
const SINGLY = 60;
/** How wide and high a tile is at least, in pixels. */
const TILE = { width: 170, height: 96 };

/**
 * Draws the board, and keeps it as it is now.
 * @param {HTMLElement} target
 * @param {Context} context
 */
export function mount(target, context) {
  const { client, to, status, format } = context;
  const words = say(context.language);
  const builders = context.collection('builders');
  const builds = context.collection('builds', {
    query: { order: '-buildid', limit: 400 }, keep: 1000, group: (build) => build.builderid,
  });
  /** Last builds of builders that have had none for long. @type {Map<number, Build>} */
  const quiet = new Map();
  /** @type {Map<number, ReturnType<typeof tile>>} */
  const tiles = new Map();
  let address = context.address;

  const style = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: new URL('./pulse.css', import.meta.url).href });
  const title = element('h1', {}, words.title);
  const counts = element('p', { class: 'counts', role: 'status', 'data-testid': 'pulse-counts' });
  const fill = element('button', { type: 'button', 'data-testid': 'pulse-full' });
  const board = element('ul', { class: 'board', 'data-testid': 'pulse' });
  const rest = element('p', { class: 'rest soft' });
  const root = element('section', { class: 'pulse' });
  const head = element('div', { class: 'bar' });
  head.append(title, counts, fill);
  root.append(head, board, rest);
  target.append(style, root);
  fill.addEventListener('click', () => {
    const full = address.query.has('full');
    context.query({ full: full ? undefined : '1' });
    // A browser may refuse it; the board fills the window all the same.
    (full ? document.exitFullscreen() : document.documentElement.requestFullscreen()).catch(() => undefined);
  });

  /** @param {number} builderid */
  const last = (builderid) => builds.in(builderid)[0] ?? quiet.get(builderid);
  /** The build that tells how a builder is: the last one that has ended. @param {number} builderid */
  const ended = (builderid) => builds.in(builderid).find((build) => build.complete) ?? quiet.get(builderid);

  function draw() {
    const tag = address.query.get('tag');
    const all = builders.rows
      .filter((one) => one.masterids.length > 0 && (tag === null || one.tags.includes(tag)))
      .toSorted((a, b) => a.name.localeCompare(b.name));
    const shown = all.slice(0, MOST);
    for (const [id, { item }] of tiles) {
      if (shown.some((one) => one.builderid === id)) continue;
      item.remove();
      tiles.delete(id);
    }
    shown.forEach((one, at) => {
      const made = tiles.get(one.builderid) ?? tile();
      tiles.set(one.builderid, made);
      if (board.children[at] !== made.item) board.insertBefore(made.item, board.children[at] ?? null);
      made.show(one.name, to.builder(one.builderid), last(one.builderid), ended(one.builderid));
    });
    const bad = all.filter((one) => ['failure', 'exception'].includes(status.of(ended(one.builderid)))).length;
    const running = all.filter((one) => status.of(last(one.builderid)) === 'running').length;
    write(title, tag === null ? words.title : `${words.title}: ${tag}`);
    write(counts, builders.error || builds.error || words.counts(all.length, bad, running));
    write(rest, all.length > MOST ? words.rest(all.length - MOST) : '');
    write(fill, address.query.has('full') ? words.leave : words.full);
    document.documentElement.toggleAttribute('data-pulse', address.query.has('full'));
    arrange();
  }

  /** Tiles as large as there is room for all of them. */
  function arrange() {
    const { width, height } = board.getBoundingClientRect();
    const count = Math.max(1, board.children.length);
    const room = Math.max(1, Math.floor(width / TILE.width));
    // As wide as they are high one and a half times, where they can be.
    const wanted = Math.ceil(Math.sqrt((count * width) / (Math.max(1, height) * 1.6)));
    board.style.setProperty('--columns', String(Math.min(room, count, Math.max(1, wanted))));
  }

  function tile() {
    const item = element('li', { 'data-testid': 'pulse-tile' });
    const link = element('a', {});
    const mark = marks();
    const name = element('span', { class: 'name' });
    const word = element('span', { class: 'word' });
    const since = element('span', { class: 'since' });
    const text = element('span', { class: 'text' });
    text.append(name, word, since);
    link.append(mark.shape, text);
    item.append(link);
    return {
      item,
      /**
       * @param {string} called
       * @param {string} href
       * @param {Build | undefined} newest
       * @param {Build | undefined} done
       */
      show(called, href, newest, done) {
        const now = Date.now() / 1000;
        const how = status.of(done);
        const running = newest !== undefined && !newest.complete;
        write(name, called);
        write(word, status.word(how));
        write(since, running ? words.running(format.duration(Math.max(0, Math.floor(now - newest.started_at)))) : done?.complete_at ? format.ago(done.complete_at, now) : '');
        item.title = called;
        link.setAttribute('href', href);
        item.dataset.builder = called;
        item.dataset.status = how;
        item.dataset.running = String(running);
        mark.show(how, running);
      },
    };
  }

  async function ask() {
    const without = builders.rows.filter((one) => last(one.builderid) === undefined).slice(0, SINGLY);
    for (const { builderid } of without) {
      const { data } = await client.list('builds', 'builds', { builderid, order: '-number', limit: 1 });
      if (data[0]) quiet.set(builderid, data[0]);
    }
    draw();
  }

  let asked = false;
  const changed = () => {
    if (builders.phase === 'loading' || builds.phase === 'loading') return;
    draw();
    // Only where not all builds were among the recent ones is there more to be found.
    if (asked || builds.rows.length < 400) return;
    asked = true;
    ask().catch(context.fail);
  };
  builders.subscribe(changed);
  builds.subscribe(changed);
  // Times grow, though nothing happens. Nothing is asked for.
  const clock = setInterval(draw, 5000);
  const resized = new ResizeObserver(arrange);
  resized.observe(board);
  draw();

  return {
    /** @param {Context['address']} next */
    update(next) {
      address = next;
      draw();
    },
    destroy() {
      clearInterval(clock);
      resized.disconnect();
      document.documentElement.removeAttribute('data-pulse');
    },
  };
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, string>} attributes
 */
function element(name, attributes, text = '') {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

/** Only what is new is written, so that screen readers are told nothing twice. @param {HTMLElement} where @param {string} text */
function write(where, text) {
  if (where.textContent !== text) where.textContent = text;
}
