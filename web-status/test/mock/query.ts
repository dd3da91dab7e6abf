/** A resource as JSON has it. */
export type Row = Record<string, unknown>;

/** A query that the API refuses. */
export class BadQuery extends Error {}

const RESERVED = new Set(['order', 'limit', 'offset', 'field', 'property']);
const ORDERED: Record<string, (a: number, b: number) => boolean> = {
  lt: (a, b) => a < b, le: (a, b) => a <= b, gt: (a, b) => a > b, ge: (a, b) => a >= b,
};

/** Filters, orders and pages rows as Buildbot's REST v2 does. */
export function select(rows: Row[], query: URLSearchParams): Row[] {
  let found = rows;
  for (const key of new Set(query.keys())) {
    if (RESERVED.has(key)) continue;
    const [field = '', operator = 'eq'] = key.split('__');
    if (rows[0] && !(field in rows[0])) {
      if (operator === 'eq' && !key.includes('__')) throw new BadQuery(`unrecognized query parameter '${key}'`);
      continue;
    }
    found = found.filter((row) => fits(row[field], operator, query.getAll(key)));
  }
  for (const order of query.getAll('order').reverse()) {
    const field = order.replace(/^-/, '');
    const sign = order.startsWith('-') ? -1 : 1;
    found = found.toSorted((a, b) => sign * compare(a[field], b[field]));
  }
  const offset = Number(query.get('offset') ?? 0);
  const limit = query.get('limit');
  return found.slice(offset, limit === null ? undefined : offset + Number(limit)).map((row) => withProperties(row, query));
}

/** A build's properties are given only where they are asked for. */
function withProperties(row: Row, query: URLSearchParams): Row {
  if (!('started_at' in row && 'properties' in row)) return row;
  const names = query.getAll('property');
  const all = Object.entries(row['properties'] as Row);
  return { ...row, properties: Object.fromEntries(all.filter(([name]) => names.includes('*') || names.includes(name))) };
}

function fits(value: unknown, operator: string, wanted: string[]): boolean {
  const ordered = ORDERED[operator];
  if (ordered) return typeof value === 'number' && wanted.length === 1 && ordered(value, Number(wanted[0]));
  if (operator === 'contains') return Array.isArray(value) ? wanted.some((one) => value.includes(one)) : String(value).includes(wanted[0] ?? '');
  const equal = wanted.some((text) => (typeof value === 'boolean' ? String(value) === text : String(value) === text));
  return operator === 'ne' || operator === 'notin' ? !equal : equal;
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a ?? '').localeCompare(String(b ?? ''));
}
