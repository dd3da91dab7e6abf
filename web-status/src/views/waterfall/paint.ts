import type { Step } from '../../../client/index.ts';
import { duration, roughDuration } from '../../lib/format.ts';
import { STATUS_SHAPE } from '../../lib/shape.ts';
import { isBad, statusOf, type Status } from '../../lib/status.ts';
import { marks, stretchOf, yOf, type Axis, type Stretch, type Tick } from './axis.ts';
import { SEVERITY, statusOfBuilt } from './column.ts';
import { bars, boxes, crowded, type Box } from './layout.ts';
import type { Palette } from './palette.ts';
import { begin, grouped, inSight, shownChanges, xOf, type Group, type Picture } from './picture.ts';
import { stepBoxes } from './steps.ts';
import type { Store } from './store.ts';
import { Texts } from './texts.ts';

/** How much of a column's width a result takes where there is no room for a sign: what is bad is wide. */
const SHARE: Partial<Record<Status, number>> = { failure: 1, exception: 1, warnings: 0.82, running: 0.74, success: 0.6 };
const LEAST_SHARE = 0.4;
/** From this height on a box has a ground and an edge, and from the other on a sign. */
const PLATE = 6;
const ROOM = 12;
/** Pixels between two marks of the time's axis. */
const TICK_GAP = 46;
const SMALL = 11;
const NORMAL = 12;

/** What the picture says in words. */
export interface Sayings {
  now: string;
  /** The day of a mark, shortly. */
  day: (at: number) => string;
  time: (at: number) => string;
  about: (group: Group) => string;
  /** Idle time of so many seconds. */
  idle: (seconds: number) => string;
}

/** Draws the waterfall. It knows no reader and no browser but the canvas. */
export class Painter {
  readonly #to: CanvasRenderingContext2D;
  readonly #store: Store;
  readonly #palette: Palette;
  readonly #texts: Texts;
  readonly #shapes = new Map<Status, Path2D>();
  readonly #say: Sayings;

  constructor(to: CanvasRenderingContext2D, store: Store, palette: Palette, say: Sayings) {
    this.#to = to;
    this.#store = store;
    this.#palette = palette;
    this.#texts = new Texts(to);
    this.#say = say;
    for (const [status, shape] of Object.entries(STATUS_SHAPE)) this.#shapes.set(status as Status, new Path2D(shape));
  }

  /** Everything. */
  all(picture: Picture): void {
    const marks = this.#marks(picture);
    const [first, last] = inSight(picture);
    this.#area(picture, marks, begin(picture), picture.width, first, last);
    this.#changes(picture, marks);
    this.#gutter(picture, marks);
  }

  /** Some columns, by their places; nothing else is touched. */
  columns(picture: Picture, places: Iterable<number>): void {
    const marks = this.#marks(picture);
    const [first, last] = inSight(picture);
    for (const at of places) {
      if (at < first || at >= last) continue;
      const x = xOf(picture, at);
      this.#area(picture, marks, Math.max(begin(picture), x), Math.min(picture.width, x + picture.columns.width), at, at + 1);
    }
  }

  #marks({ axis, height, utc }: Picture): Tick[] {
    return marks(axis, height, TICK_GAP, utc);
  }

  /** The columns from one place to another, within a part of the width. */
  #area(picture: Picture, marks: readonly Tick[], from: number, to: number, first: number, last: number): void {
    const { height, columns } = picture;
    const ctx = this.#to;
    ctx.save();
    ctx.beginPath();
    ctx.rect(from, 0, to - from, height);
    ctx.clip();
    this.#ground(picture, marks, from, to);
    for (let at = first; at < last; at++) {
      const x = xOf(picture, at);
      ctx.fillStyle = this.#palette.line;
      if (columns.width >= 12) ctx.fillRect(Math.round(x + columns.width) - 1, 0, 1, height);
      this.#column(picture, at, x);
    }
    this.#present(picture, from, to);
    this.#mark(picture, first, last);
    ctx.restore();
  }

  #ground(picture: Picture, marks: readonly Tick[], from: number, to: number): void {
    const { axis, height, now } = picture;
    const ctx = this.#to;
    ctx.fillStyle = this.#palette.panel;
    ctx.fillRect(from, 0, to - from, height);
    const y = yOf(axis, now);
    // What has not been yet.
    ctx.fillStyle = this.#palette.ground;
    if (axis.newestTop) ctx.fillRect(from, 0, to - from, Math.max(0, Math.min(height, y)));
    else ctx.fillRect(from, Math.max(0, y), to - from, height);
    for (const { at, day } of marks) {
      ctx.fillStyle = day ? this.#palette.strong : this.#palette.line;
      ctx.fillRect(from, Math.round(yOf(axis, at)), to - from, 1);
    }
    for (const [, top, bottom] of breaksOf(axis, height)) this.#break(from, to, top, bottom);
  }

  /** Idle time that is cut out. */
  #break(from: number, to: number, top: number, bottom: number): void {
    const ctx = this.#to;
    ctx.fillStyle = this.#palette.ground;
    ctx.fillRect(from, top, to - from, bottom - top);
    ctx.save();
    ctx.strokeStyle = this.#palette.soft;
    ctx.lineWidth = 1;
    ctx.setLineDash([5, 4]);
    // The same dashes, whichever part is drawn.
    ctx.lineDashOffset = from;
    ctx.beginPath();
    for (const y of [Math.round(top) + 0.5, Math.round(bottom) - 0.5]) {
      ctx.moveTo(from, y);
      ctx.lineTo(to, y);
    }
    ctx.stroke();
    ctx.restore();
  }

  #column(picture: Picture, at: number, x: number): void {
    const builder = picture.builders[at];
    if (!builder) return;
    const { axis, height, now, columns } = picture;
    this.#unknown(picture, builder.builderid, x);
    const column = this.#store.column(builder.builderid);
    if (!crowded(column, axis, height)) {
      for (const box of boxes(column, axis, height, x, columns.width, now)) this.#box(box, picture);
      return;
    }
    for (const bar of bars(column, axis, height, now)) this.#bar(x, bar.y, columns.width - 2, bar.height, SEVERITY[bar.rank] ?? 'none');
  }

  /** What has not been read yet is no place where nothing was built. */
  #unknown({ axis, height, now, columns }: Picture, builderid: number, x: number): void {
    const { from, to } = stretchOf(axis, height);
    this.#to.fillStyle = this.#palette.raised;
    for (const gap of this.#store.missing(builderid, { from, to: Math.min(to, now) }, false)) {
      const [one, other] = [yOf(axis, gap.from), yOf(axis, gap.to)];
      this.#to.fillRect(x, Math.min(one, other), columns.width - 1, Math.abs(one - other));
    }
  }

  #box(box: Box, picture: Picture): void {
    const status = statusOfBuilt(box.built);
    if (box.height < PLATE || box.width < 8) return this.#bar(box.x, box.y, box.width, Math.max(1, box.height - 0.5), status);
    const height = box.height - 1;
    this.#plate(box.x, box.y, box.width, height, status, 3, height >= ROOM && box.width >= 20);
    const steps = picture.steps && box.width >= 64 && height >= 26 ? stepBoxes(this.#store.stepsOf(box.built.id), picture.axis, box, picture.now) : [];
    const label = steps.length > 0 ? Math.max(48, box.width * 0.4) : box.width;
    for (const { step, y, height: high } of steps) this.#step(step, box.x + label, y, box.width - label, high);
    this.#label(box, status, label, height, picture.now);
  }

  /** A box's ground: full where it is bad, else pale with an edge. Where a sign has no room, a pattern tells what it is. */
  #plate(x: number, y: number, width: number, height: number, status: Status, edge: number, sign: boolean): void {
    const { pale, hatch, of } = this.#palette;
    const ctx = this.#to;
    ctx.fillStyle = isBad(status) ? of[status] : pale[status];
    ctx.fillRect(x, y, width, height);
    const pattern = hatch[status];
    if (pattern && !(sign && isBad(status))) {
      ctx.fillStyle = pattern;
      ctx.fillRect(x, y, width, height);
    }
    ctx.fillStyle = of[status];
    ctx.fillRect(x, y, edge, height);
  }

  #bar(x: number, y: number, width: number, height: number, status: Status): void {
    const ctx = this.#to;
    const share = SHARE[status] ?? LEAST_SHARE;
    ctx.fillStyle = this.#palette.bar[status];
    ctx.fillRect(x, y, Math.max(1, width * share), height);
    if (status !== 'exception' || width < 8) return;
    ctx.fillStyle = this.#palette.panel;
    ctx.fillRect(x + width * 0.45, y, Math.max(1.5, width * 0.12), height);
  }

  #label({ built, x, y }: Box, status: Status, width: number, height: number, now: number): void {
    const top = Math.max(y, 0);
    const room = y + height - top;
    const sign = width >= 20 ? 16 : 0;
    if (sign > 0 && room >= ROOM) this.#sign(status, x + 6, top + Math.min(2, (room - 12) / 2), 12);
    if (width < 46 || room < ROOM) return;
    const { font, onMark } = this.#palette;
    const [text, soft] = isBad(status) ? [onMark, onMark] : [this.#palette.text, this.#palette.soft];
    const say = (what: string, line: number, colour: string, weight: string, indent: number, shorter?: string): void => {
      this.#to.fillStyle = colour;
      this.#texts.write(what, x + 7 + indent, top + 11.5 + line * 14, width - 10 - indent, `${weight} ${NORMAL - (line > 0 ? 1 : 0)}px ${font}`, shorter);
    };
    const seconds = Math.floor((built.end ?? now) - built.start);
    const time = duration(seconds);
    const wide = width >= 120;
    say(wide ? `${built.number}  ${time}` : String(built.number), 0, text, '600', sign);
    const rest = wide ? [built.state] : [time, built.state];
    for (const [i, what] of rest.entries()) if (room >= (i + 2) * 14) say(what, i + 1, wide || i > 0 ? soft : text, '400', 0, what === time ? roughDuration(seconds) : undefined);
  }

  #step(step: Step, x: number, y: number, width: number, height: number): void {
    const status = statusOf(step);
    const high = Math.max(1, height - 1);
    this.#plate(x, y, width - 1, high, status, 2, high >= ROOM);
    if (high < ROOM) return;
    const top = Math.max(0, y);
    if (y + high - top < ROOM) return;
    this.#to.fillStyle = isBad(status) ? this.#palette.onMark : this.#palette.text;
    this.#texts.write(step.name, x + 5, top + 11, width - 8, `400 ${SMALL}px ${this.#palette.font}`);
  }

  /** The sign of a result. */
  #sign(status: Status, x: number, y: number, size: number): void {
    const shape = this.#shapes.get(status);
    if (!shape) return;
    const ctx = this.#to;
    const open = status === 'running';
    const [fill, stroke] = isBad(status) ? [this.#palette.onMark, this.#palette.of[status]] : [this.#palette.of[status], this.#palette.onMark];
    ctx.save();
    ctx.translate(x, y);
    ctx.scale(size / 16, size / 16);
    ctx.fillStyle = fill;
    ctx.strokeStyle = open ? fill : stroke;
    if (!open) {
      ctx.beginPath();
      ctx.arc(8, 8, 7.6, 0, 2 * Math.PI);
      ctx.fill();
    }
    ctx.lineWidth = open ? 2.4 : 2;
    ctx.lineCap = ctx.lineJoin = 'round';
    ctx.stroke(shape);
    ctx.restore();
  }

  #present({ axis, now, height }: Picture, from: number, to: number): void {
    const y = Math.round(yOf(axis, now));
    if (y < 0 || y > height) return;
    this.#to.fillStyle = this.#palette.accent;
    this.#to.fillRect(from, y - 1, to - from, 2);
  }

  /** A frame around what the reader points at or has come to. */
  #mark(picture: Picture, first: number, last: number): void {
    const { marked, axis, height, now, columns } = picture;
    if (!marked) return;
    const at = picture.builders.findIndex((builder) => builder.builderid === marked.builderid);
    if (at < first || at >= last) return;
    const x = xOf(picture, at);
    const column = this.#store.column(marked.builderid);
    const box = boxes(column, axis, height, x, columns.width, now).find((one) => one.built.id === marked.id);
    if (!box) return;
    const whole = crowded(column, axis, height) ? { ...box, x, width: columns.width - 2 } : box;
    const ctx = this.#to;
    ctx.lineWidth = 2;
    ctx.strokeStyle = this.#palette.text;
    ctx.strokeRect(whole.x, whole.y - 1, whole.width, whole.height + 1);
  }

  #changes(picture: Picture, marks: readonly Tick[]): void {
    const { gutter, changes: width, height, axis } = picture;
    if (width <= 0) return;
    const ctx = this.#to;
    ctx.save();
    ctx.beginPath();
    ctx.rect(gutter, 0, width, height);
    ctx.clip();
    this.#ground(picture, marks, gutter, gutter + width);
    for (const group of grouped(shownChanges(picture, (stretch) => this.#store.changes(stretch)), axis)) this.#group(group, gutter, width);
    this.#present(picture, gutter, gutter + width);
    ctx.fillStyle = this.#palette.strong;
    ctx.fillRect(gutter + width - 1, 0, 1, height);
    ctx.restore();
  }

  #group(group: Group, x: number, width: number): void {
    const ctx = this.#to;
    const { accent, text, panel, font } = this.#palette;
    const several = group.changes.length > 1;
    ctx.fillStyle = accent;
    ctx.beginPath();
    ctx.arc(x + 11, group.y, several ? 7 : 4, 0, 2 * Math.PI);
    ctx.fill();
    if (several) {
      ctx.fillStyle = panel;
      ctx.textAlign = 'center';
      this.#texts.write(group.changes.length > 99 ? '99+' : String(group.changes.length), x + 11, group.y + 3.5, 14, `600 9px ${font}`);
      ctx.textAlign = 'left';
    }
    if (width < 60) return;
    ctx.fillStyle = text;
    this.#texts.write(this.#say.about(group), x + 23, group.y + 4, width - 29, `400 ${SMALL + 0.5}px ${font}`);
  }

  #gutter(picture: Picture, marks: readonly Tick[]): void {
    const { gutter, height, axis, now } = picture;
    const { soft, text, panel, strong, accent, font } = this.#palette;
    const ctx = this.#to;
    ctx.fillStyle = panel;
    ctx.fillRect(0, 0, gutter, height);
    ctx.textAlign = 'right';
    const present = yOf(axis, now);
    for (const { at, day } of marks) {
      const y = Math.round(yOf(axis, at));
      ctx.fillStyle = day ? strong : this.#palette.line;
      ctx.fillRect(day ? 0 : gutter - 6, y, day ? gutter : 6, 1);
      if (Math.abs(y - present) < 15 || y < 22) continue;
      ctx.fillStyle = day ? text : soft;
      this.#texts.write(day ? this.#say.day(at) : this.#say.time(at), gutter - 9, y + (day ? -5 : 4), gutter - 9, `${day ? 600 : 400} ${SMALL}px ${font}`);
    }
    for (const one of breaksOf(axis, height)) this.#length(one, axis.newestTop, gutter);
    // The day at the top, so that one knows it wherever one is.
    const top = stretchOf(axis, height)[axis.newestTop ? 'to' : 'from'];
    ctx.fillStyle = panel;
    ctx.fillRect(0, 0, gutter - 1, 17);
    ctx.fillStyle = text;
    this.#texts.write(this.#say.day(Math.min(top, now)), gutter - 9, 13, gutter - 9, `600 ${SMALL}px ${font}`);
    if (present >= 0 && present <= height) {
      const y = Math.max(26, present);
      ctx.fillStyle = accent;
      ctx.fillRect(0, present - 1, gutter, 2);
      ctx.fillRect(4, y - 9, gutter - 8, 18);
      ctx.fillStyle = panel;
      ctx.textAlign = 'center';
      this.#texts.write(this.#say.now, gutter / 2, y + 4, gutter - 10, `600 ${SMALL}px ${font}`);
    }
    ctx.textAlign = 'left';
    ctx.fillStyle = strong;
    ctx.fillRect(gutter - 1, 0, 1, height);
  }

  /** How much was cut out, and the day on which it goes on below. */
  #length([{ from, to }, top, bottom]: Laid, newestTop: boolean, gutter: number): void {
    const { soft, text, font } = this.#palette;
    this.#break(0, gutter, top, bottom);
    const [above, below] = (newestTop ? [to, from] : [from, to]).map((at) => this.#say.day(at));
    const other = above !== below;
    // Away from the present, which may be at its newer end.
    const middle = (top + bottom) / 2 + (newestTop ? 2 : -3);
    this.#to.fillStyle = soft;
    this.#texts.write(this.#say.idle(to - from), gutter - 9, middle + (other ? -3 : 4), gutter - 12, `400 ${SMALL}px ${font}`);
    if (!other) return;
    this.#to.fillStyle = text;
    this.#texts.write(below ?? '', gutter - 9, middle + 11, gutter - 12, `600 ${SMALL}px ${font}`);
  }
}

/** A break, and the pixels from which to which it goes. */
type Laid = readonly [of: Stretch, top: number, bottom: number];

/** The breaks in sight. */
function breaksOf(axis: Axis, height: number): Laid[] {
  return (axis.breaks?.within(stretchOf(axis, height)) ?? []).map((one) => {
    const [from, to] = [yOf(axis, one.from), yOf(axis, one.to)];
    return [one, Math.min(from, to), Math.max(from, to)];
  });
}
