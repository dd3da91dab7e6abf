import type { Face } from '../../lib/faces.ts';
import { STATUS_COLOUR, STATUS_SHAPE } from '../../lib/shape.ts';
import './strip.css';

/** What a row's cells are drawn from. */
export interface Drawing {
  row: number;
  /** Columns in sight. */
  columns: readonly number[];
  /** Width of a column in pixels, and where the first one begins. */
  width: number;
  from: number;
  /** Where time goes to. */
  lines: 'down' | 'right';
  key: (column: number) => string;
  face: (row: number, column: number) => Face | undefined;
  href: (face: Face, row: number, column: number) => string | undefined;
  name: (face: Face | undefined, row: number, column: number) => string;
  /** The column whose cell takes the focus; -2 where it is another row's. */
  active: number;
  /** Another one, where all has to be said in another language. */
  tongue: unknown;
}

/** A cell's elements. They are used again and again: making some costs more than anything else while one scrolls. */
interface Cell {
  element: HTMLElement;
  tile: HTMLAnchorElement;
  svg: SVGElement;
  path: SVGPathElement;
  /** What it shows; empty: it has to be drawn. */
  shown: string;
}

const SVG = 'http://www.w3.org/2000/svg';
/** A clock has no ground of its own, but a rim. */
const RIM = 'M8 1.7a6.3 6.3 0 1 0 0 12.6A6.3 6.3 0 0 0 8 1.7';
const MOST_SPARE = 3000;
const spare: Cell[] = [];

/**
 * The cells of a row, drawn into its element. By hand and not as a component each: with 200 builders a page has a thousand of
 * them in sight, and all of them change with a turn of the wheel.
 */
export function strip(node: HTMLElement, drawing: Drawing): { update: (drawing: Drawing) => void; destroy: () => void } {
  const cells = new Map<number, Cell>();
  let last = drawing;

  function draw(now: Drawing): void {
    const afresh = now.row !== last.row || now.tongue !== last.tongue || now.width !== last.width || now.from !== last.from || now.name !== last.name;
    last = now;
    const wanted = new Set(now.columns);
    const free = [...cells].filter(([column]) => !wanted.has(column));
    for (const [column] of free) cells.delete(column);
    for (const column of now.columns) {
      let cell = cells.get(column);
      if (!cell) {
        cell = free.pop()?.[1] ?? spare.pop() ?? make();
        cell.shown = '';
        cells.set(column, cell);
        if (cell.element.parentNode !== node) node.append(cell.element);
      }
      if (afresh) cell.shown = '';
      paint(cell, column, now);
    }
    for (const [, cell] of free) release(cell);
  }
  draw(drawing);
  return {
    update: draw,
    destroy: () => {
      for (const cell of cells.values()) release(cell);
      cells.clear();
    },
  };
}

function make(): Cell {
  const element = document.createElement('div');
  const tile = document.createElement('a');
  const svg = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  element.setAttribute('role', 'gridcell');
  element.className = 'cell';
  for (const [name, value] of [['viewBox', '0 0 16 16'], ['width', '16'], ['height', '16'], ['aria-hidden', 'true']] as const) svg.setAttribute(name, value);
  svg.append(path);
  return { element, tile, svg, path, shown: '' };
}

function release(cell: Cell): void {
  cell.element.remove();
  if (spare.length < MOST_SPARE) spare.push(cell);
}

/** Draws a cell, unless it shows that already. */
function paint(cell: Cell, column: number, drawing: Drawing): void {
  const { row, active } = drawing;
  const face = drawing.face(row, column);
  const key = drawing.key(column);
  const shown = `${key} ${column === active} ${face ? textOf(face) : ''}`;
  if (shown === cell.shown) return;
  const { element, tile } = cell;
  // Most often it is the focus alone that comes or goes.
  const name = drawing.name(face, row, column);
  const href = face && drawing.href(face, row, column);
  cell.shown = shown;
  element.style.left = `${drawing.from + column * drawing.width}px`;
  element.dataset['r'] = String(row);
  element.dataset['c'] = String(column);
  element.setAttribute('aria-colindex', String(column + 2));
  element.dataset['column'] = key;
  mark(element, 'data-testid', face && 'cell');
  mark(element, 'data-status', face?.status);
  mark(element, 'data-included', face?.included ? '' : undefined);
  const focusable = column === active ? '0' : '-1';
  mark(element, 'tabindex', href ? undefined : focusable);
  mark(element, 'aria-label', href ? undefined : name);
  if (!face) return void tile.remove();
  mark(tile, 'href', href);
  mark(tile, 'tabindex', href ? focusable : undefined);
  mark(tile, 'aria-label', href ? name : undefined);
  look(cell, face, drawing.lines);
  if (tile.parentNode !== element) element.append(tile);
}

function look({ tile, svg, path }: Cell, face: Face, lines: 'down' | 'right'): void {
  const flags = [face.before && 'before', face.behind && 'behind', face.tail && (face.included ? 'through' : 'tail'), face.included && !face.linked && 'apart'];
  tile.className = ['tile', face.included ? 'included' : face.status, lines, ...flags.filter((flag) => flag !== false)].join(' ');
  tile.style.setProperty('--c', `var(--${STATUS_COLOUR[face.status]})`);
  const parts: Node[] = [];
  if (!face.included) {
    path.setAttribute('d', `${face.status === 'pending' ? RIM : ''}${STATUS_SHAPE[face.status]}`);
    svg.setAttribute('class', face.status === 'running' ? 'spin' : '');
    parts.push(svg);
    if (face.count > 1) parts.push(extra('b', face.count > 99 ? '99+' : String(face.count)));
    if (face.waiting > 0) parts.push(extra('i', ''));
  }
  if (parts.length !== tile.childNodes.length || parts.length !== 1 || tile.firstChild !== parts[0]) tile.replaceChildren(...parts);
}

function extra(tag: 'b' | 'i', text: string): HTMLElement {
  const element = document.createElement(tag);
  element.setAttribute('aria-hidden', 'true');
  element.textContent = text;
  return element;
}

function mark(element: HTMLElement, name: string, value: string | undefined): void {
  if (value === undefined) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

/** All of a face that is seen or said. */
function textOf({ status, build, count, waiting, included, linked, before, behind, tail }: Face): string {
  return `${status} ${build?.buildid} ${build?.complete_at} ${count} ${waiting} ${included} ${linked} ${before} ${behind} ${tail}`;
}
