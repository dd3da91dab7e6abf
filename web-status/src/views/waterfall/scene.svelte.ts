import type { Builder } from '../../../client/index.ts';
import { settings } from '../../lib/settings.svelte.ts';
import { later, scaleOf, stretchOf, timeAt, yOf, type Axis, type Stretch } from './axis.ts';
import type { Built } from './column.ts';
import { IdleBreaks, idleTime } from './idle.ts';
import { extent, hit } from './layout.ts';
import { Painter, type Sayings } from './paint.ts';
import { readPalette } from './palette.ts';
import { begin, groupAt, grouped, inSight, shownChanges, xOf, type Group, type Picture } from './picture.ts';
import type { Reader } from './reader.ts';
import type { Store } from './store.ts';

/** What the reader points at, and where it is drawn. */
export type Pointed =
  | { kind: 'build'; built: Built; builder: Builder; more: number; x: number; y: number; width: number; height: number }
  | { kind: 'changes'; group: Group; x: number; y: number; width: number; height: number };

/** The columns in sight, for those who write their names above them. */
export interface Head {
  first: number;
  last: number;
  left: number;
  width: number;
  total: number;
}

/** A build in sight and its builder. */
export interface Seen {
  built: Built;
  builder: Builder;
}

const GUTTER = 80;
/** Pixels before the present: its line is seen, and what begins. */
const AHEAD = 30;
const WIDEST = 300;
/** Milliseconds: events are drawn together, and what follows a movement waits until it has come to rest. */
const TOGETHER = 200;
const REST = 250;
const LISTED = 150;
/** Steps are read where a build of so many seconds is so high, and columns are so wide. */
const ROOM = { seconds: 400, height: 26, width: 64 };

/** What is shown of time and builders, and how it moves. Draws when something changed, and only that. */
export class Scene {
  head: Head = $state.raw({ first: 0, last: 0, left: 0, width: 1, total: 0 });
  pointed: Pointed | undefined = $state.raw();
  /** Builds in sight, for those who do not see the picture. */
  listed: Seen[] = $state.raw([]);
  /** Whether all is there and no build is in sight: known when a movement has come to rest. */
  bare = $state(false);
  /** Whether the present is in sight and stays there. */
  following = $state(true);
  /** Whether all that is in sight is there. */
  settled = $state(false);
  /** Whether steps are chosen, and there is room for them. */
  stepped = $state(false);
  /** Whether builds have been drawn. */
  drawn = $state(false);
  /** Called when a movement has come to rest. */
  onrest: () => void = () => undefined;

  builders: readonly Builder[] = [];
  /** Builders that may come into sight by what is read. */
  candidates: readonly Builder[] = [];
  steps = true;
  branch = '';
  newestTop = true;
  focused: Built | undefined;
  span: number;
  readonly #store: Store;
  readonly #reader: Reader;
  #newest = 0;
  #least = 76;
  #size = { width: 0, height: 0 };
  #changes = 0;
  #scroll = 0;
  #canvas: HTMLCanvasElement | undefined;
  #painter: Painter | undefined;
  #all = true;
  /** Builders whose columns have to be drawn anew. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nobody shows it
  readonly #dirty = new Set<number>();
  #frame = 0;
  #later: ReturnType<typeof setTimeout> | undefined;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #painted = 0;
  /** The beginning of history: nothing is farther. */
  #oldest = -Infinity;
  readonly #idle = new IdleBreaks();

  constructor(store: Store, reader: Reader, span: number) {
    this.#store = store;
    this.#reader = reader;
    this.span = span;
  }

  /** Draws on a canvas, with the colours that are at `probe`. */
  show(canvas: HTMLCanvasElement, probe: HTMLElement, say: Sayings): void {
    this.#canvas = canvas;
    const to = canvas.getContext('2d', { alpha: false });
    if (to) this.#painter = new Painter(to, this.#store, readPalette(probe, devicePixelRatio), say);
    this.#fit();
  }

  resize(width: number, height: number, changes: number): void {
    this.#size = { width, height };
    this.#changes = changes;
    this.#fit();
  }

  set oldest(at: number) {
    this.#oldest = at;
    this.#idle.forget();
  }

  /** Idle time is cut out where it is longer than so many seconds; 0: nowhere. */
  set idle(least: number) {
    this.#idle.least = least;
    this.#idle.forget();
  }

  /** Other builders, or another least width of their columns; the first one in sight stays where it is. */
  columns(builders: readonly Builder[], candidates: readonly Builder[], least: number): void {
    const before = this.#picture();
    const [first] = inSight(before);
    const id = before.builders[first]?.builderid;
    const within = begin(before) - xOf(before, first);
    this.#idle.forget();
    this.builders = builders;
    this.candidates = candidates;
    this.#least = least;
    const at = builders.findIndex((builder) => builder.builderid === id);
    const { width } = this.#picture().columns;
    if (at >= 0 && first > 0) this.#scroll = at * width + (within / before.columns.width) * width;
    this.move(0, 0);
  }

  /** Goes to a moment, or to the present and stays there. */
  go(at: number | undefined, span = this.span): void {
    this.span = span;
    this.following = at === undefined;
    if (at !== undefined) this.#newest = at;
    this.move(0, 0);
  }

  /** The newest moment in sight. */
  get newest(): number {
    return this.following ? this.#present : this.#newest;
  }

  get seen(): Stretch {
    return stretchOf(this.#axis, this.#size.height);
  }

  /** Moves the picture by so many pixels. */
  move(dx: number, dy: number): void {
    const { axis, columns } = this.#picture();
    const most = columns.width * columns.count - (this.#size.width - GUTTER - this.#changes);
    this.#scroll = Math.min(Math.max(0, this.#scroll - dx), Math.max(0, most));
    if (dy !== 0) this.#settle(later(axis, this.newest, (axis.newestTop ? dy : -dy) / axis.scale));
    this.draw();
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => this.#rested(), REST);
  }

  /** Shows more or less time; the moment at `y` stays. Without a place the present stays, or else the middle. */
  zoom(factor: number, y?: number): void {
    const { axis } = this.#picture();
    const place = y ?? this.#size.height / 2;
    const at = timeAt(axis, place);
    const stays = y === undefined && this.following;
    this.span = this.#size.height / scaleOf(this.span / factor, this.#size.height);
    const near = this.#axis;
    if (!stays) this.#settle(later(near, at, (axis.newestTop ? place : this.#size.height - place) / near.scale));
    this.move(0, 0);
  }

  #settle(newest: number): void {
    const present = this.#present;
    const axis = this.#axis;
    const floor = Math.min(present, later(axis, this.#oldest, this.span / 2));
    this.following = newest >= present - 0.5 / axis.scale;
    this.#newest = Math.max(floor, Math.min(newest, present));
  }

  get height(): number {
    return this.#size.height;
  }

  /** Brings a build into sight. */
  reveal(built: Built): void {
    const picture = this.#picture();
    const [top, bottom] = extent(picture.axis, built, picture.now);
    const { height, width } = this.#size;
    const edge = 24;
    // Its top is what counts where it is longer than the screen.
    let dy = bottom > height - edge ? height - edge - bottom : 0;
    if (top + dy < edge) dy = edge - top;
    const at = this.builders.findIndex((builder) => builder.builderid === built.builderid);
    const x = xOf(picture, at);
    let dx = 0;
    if (x < begin(picture)) dx = begin(picture) - x;
    else if (x + picture.columns.width > width) dx = width - x - picture.columns.width;
    this.move(dx, Math.abs(dy) < 1 ? 0 : dy);
  }

  /** What is at a place. */
  at(x: number, y: number): Pointed | undefined {
    const picture = this.#picture();
    if (x < picture.gutter) return undefined;
    if (x < begin(picture)) {
      const group = groupAt(grouped(this.#shown(picture), picture.axis), y);
      return group && { kind: 'changes', group, x: picture.gutter, y: group.y - 8, width: picture.changes, height: 16 };
    }
    const place = Math.floor((x - picture.columns.left) / picture.columns.width);
    const builder = picture.builders[place];
    if (!builder) return undefined;
    const left = xOf(picture, place);
    const found = hit(this.#store.column(builder.builderid), picture.axis, picture.height, x - left, picture.columns.width, y, picture.now);
    return found && { kind: 'build', built: found.box.built, builder, more: found.more, x: left + found.box.x, y: found.box.y, width: found.box.width, height: found.box.height };
  }

  /** Shows what is told of a place, of a build, or of nothing. */
  point(at: Pointed | undefined): void {
    const before = this.#marked;
    this.pointed = at;
    for (const built of [before, this.#marked]) if (built && before !== this.#marked) this.changed(built.builderid, true);
  }

  /** The place of a build. */
  placeOf(built: Built): Pointed | undefined {
    const picture = this.#picture();
    const place = picture.builders.findIndex((builder) => builder.builderid === built.builderid);
    const builder = picture.builders[place];
    if (!builder) return undefined;
    const [top, bottom] = extent(picture.axis, built, picture.now);
    return { kind: 'build', built, builder, more: 0, x: xOf(picture, place), y: top, width: picture.columns.width, height: bottom - top };
  }

  /** The column of a builder has to be drawn anew; all of them where none is told. Not at once: much comes together. */
  changed(builderid: number | undefined, soon = false): void {
    if (builderid === undefined) this.#all = true;
    else this.#dirty.add(builderid);
    if (soon) return this.#ask();
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      if (this.#idle.least > 0) this.#recut();
      this.#ask();
    }, TOGETHER);
  }

  /** A build in what was idle, or what is now known to be, moves all that lies behind it. */
  #recut(): void {
    this.#idle.forget();
    this.#all = true;
    this.#rest ??= setTimeout(() => this.#rested(), REST);
  }

  /** Draws everything with the next frame. */
  draw(): void {
    this.#all = true;
    this.#ask();
  }

  /** A second has gone: what runs has grown. */
  tick(): void {
    const { axis, now } = this.#picture();
    const pixel = 0.5 / devicePixelRatio;
    const inView = this.following || Math.abs(yOf(axis, now) - this.#size.height / 2) <= this.#size.height / 2;
    if (inView && Math.abs(now - this.#painted) * axis.scale >= pixel) {
      this.#idle.forget();
      return this.draw();
    }
    const [first, last] = inSight(this.#picture());
    for (const { builderid } of this.builders.slice(first, last)) if (this.#store.column(builderid).running) this.#dirty.add(builderid);
    if (this.#dirty.size > 0) this.#ask();
  }

  /** Draws what changed, now. */
  paint(): void {
    this.#frame = 0;
    const picture = this.#picture();
    if (!this.#painter || this.#size.width === 0) return;
    if (this.#all) {
      this.#painted = picture.now;
      this.#painter.all(picture);
      this.#lay(picture);
      this.drawn ||= this.#store.size > 0;
      this.#want(picture);
    } else {
      const ids = this.#dirty;
      this.#painter.columns(picture, this.builders.flatMap(({ builderid }, at) => (ids.has(builderid) ? [at] : [])));
      if (this.#rest === undefined) this.#rest = setTimeout(() => this.#rested(), 1000);
    }
    this.#all = false;
    this.#dirty.clear();
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#later);
    clearTimeout(this.#rest);
    // It may be shown again.
    this.#frame = 0;
    this.#later = this.#rest = undefined;
  }

  get #marked(): Built | undefined {
    return this.pointed?.kind === 'build' ? this.pointed.built : this.focused;
  }

  get #present(): number {
    return Date.now() / 1000 + (AHEAD * this.span) / Math.max(1, this.#size.height);
  }

  get #axis(): Axis {
    const { newestTop, span, newest } = this;
    const scale = Math.max(1, this.#size.height) / span;
    const breaks = this.#idle.at(scale, (least) => idleTime(this.#store, this.builders.map(({ builderid }) => builderid), least, this.#oldest, Date.now() / 1000));
    return { edge: newestTop ? newest : later({ breaks }, newest, -span), scale, newestTop, breaks };
  }

  #picture(): Picture {
    const { width, height } = this.#size;
    const count = this.builders.length;
    const room = width - GUTTER - this.#changes;
    const wide = Math.max(this.#least, Math.min(WIDEST, Math.floor(room / Math.max(1, count))));
    return {
      width, height, axis: this.#axis, gutter: GUTTER, changes: this.#changes, builders: this.builders, now: Date.now() / 1000,
      columns: { left: GUTTER + this.#changes - Math.round(this.#scroll), width: wide, count }, steps: this.steps, utc: settings.zone === 'utc', branch: this.branch, marked: this.#marked,
    };
  }

  #shown(picture: Picture): ReturnType<typeof shownChanges> {
    return shownChanges(picture, (stretch) => this.#store.changes(stretch));
  }

  #fit(): void {
    const canvas = this.#canvas;
    if (!canvas) return;
    const { width, height } = this.#size;
    const ratio = devicePixelRatio || 1;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    canvas.getContext('2d')?.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (width > 0) this.move(0, 0);
  }

  #ask(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.paint());
  }

  #lay(picture: Picture): void {
    const [first, last] = inSight(picture);
    const { left, width } = picture.columns;
    const { head } = this;
    const total = picture.builders.length * width;
    if (head.first !== first || head.last !== last || head.left !== left || head.width !== width || head.total !== total) this.head = { first, last, left, width, total };
  }

  #want(picture: Picture): void {
    const [first, last] = inSight(picture);
    const seen = stretchOf(picture.axis, picture.height);
    const around = (seconds: number): Stretch => ({ from: later(picture.axis, seen.from, -seconds), to: later(picture.axis, seen.to, seconds) });
    const ids = (from: number, to: number): number[] => picture.builders.slice(Math.max(0, from), to).map((builder) => builder.builderid);
    const reach = Math.ceil((last - first) / 2);
    // Who built nothing, and when nobody did, is known only of those that have been read.
    const all = this.candidates.length !== this.builders.length || this.#idle.least > 0 ? this.candidates.map((builder) => builder.builderid) : undefined;
    const stepped = this.steps && picture.columns.width >= ROOM.width && picture.axis.scale * ROOM.seconds >= ROOM.height;
    if (this.#store.steps !== stepped) this.#store.steps = stepped;
    this.stepped = stepped;
    this.#reader.want({
      seen, builders: all ?? ids(first, last), near: around(this.span / 2), nearBuilders: all ?? ids(first - reach, last + reach),
      steps: stepped,
    });
    const { settled } = this.#reader;
    // What came last is listed too, where nothing moves any more.
    if (settled && !this.settled) this.#rest ??= setTimeout(() => this.#rested(), 0);
    this.settled = settled;
  }

  #rested(): void {
    clearTimeout(this.#rest);
    this.#rest = undefined;
    const picture = this.#picture();
    const [first, last] = inSight(picture);
    const { from, to } = stretchOf(picture.axis, picture.height);
    const each = Math.max(3, Math.ceil(LISTED / Math.max(1, last - first)));
    this.listed = picture.builders.slice(first, last).flatMap((builder) =>
      this.#store.column(builder.builderid).within(from, to).slice(-each).reverse().map(({ built }) => ({ built, builder })),
    );
    this.bare = this.settled && this.listed.length === 0;
    this.onrest();
  }
}
