/** What stands between thousands and before decimals. */
type Signs = readonly [thousands: string, decimal: string];

// The browser's own formatter reads large tables when it is first asked for, while a page waits to be shown.
const ENGLISH: Signs = [',', '.'];
const GERMAN: Signs = ['.', ','];
const SIGNS: Record<string, Signs> = { en: ENGLISH, 'en-US': ENGLISH, 'en-GB': ENGLISH, de: GERMAN, 'de-DE': GERMAN };

/** A number as a language writes it, given by its tag: `2,301`, `2.301`, with as many decimals as are asked for. */
export function digits(n: number, tag: string, decimals = 0): string {
  const signs = SIGNS[tag];
  if (!signs || Math.abs(n) >= 1e21) return n.toLocaleString(tag, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  const [whole = '', part] = n.toFixed(decimals).split('.');
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, signs[0]);
  return part === undefined ? grouped : `${grouped}${signs[1]}${part}`;
}
