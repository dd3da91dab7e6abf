/** One value of a query parameter. */
export type QueryValue = string | number | boolean;
/** Query parameters; an array repeats its key, `undefined` leaves it out. */
export type Query = Record<string, QueryValue | QueryValue[] | undefined>;

/** Encodes parameters as the API reads them: `?a=1&b=x&b=y`, or an empty string where there are none. */
export function encodeQuery(query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) parameters.append(key, String(one));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

/** Joins path segments, each encoded: a builder's name may hold any character. */
export function path(...segments: (string | number)[]): string {
  return segments.map((segment) => encodeURIComponent(String(segment))).join('/');
}
