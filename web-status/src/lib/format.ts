/** A length of time in seconds: `0.4 s`, `7 s`, `3 m 04 s`, `2 h 10 m`, `5 d 3 h`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (seconds > 0 && seconds < 10 && seconds !== s) return seconds < 0.1 ? '< 0.1 s' : `${(Math.floor(seconds * 10) / 10).toFixed(1)} s`;
  const two = (n: number): string => String(n).padStart(2, '0');
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m ${two(s % 60)} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} m`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

/** What has a beginning and an end. The `_us` are microseconds, which only Weir tells. */
interface Span {
  started_at: number | null;
  complete_at: number | null;
  started_at_us?: number | null;
  complete_at_us?: number | null;
}

/** Seconds that something took, or has taken until `now`; undefined where it has not begun. */
export function took(span: Span, now: number): number | undefined {
  if (span.started_at === null) return undefined;
  // While it runs, tenths would only flicker.
  if (span.complete_at === null) return Math.floor(now - span.started_at);
  const { started_at_us: from, complete_at_us: to } = span;
  return typeof from === 'number' && typeof to === 'number' ? (to - from) / 1e6 : span.complete_at - span.started_at;
}

/** From when to when something went, for a tooltip. */
export function spanText(span: Span): string {
  if (span.started_at === null) return '';
  return span.complete_at === null ? `Since ${when(span.started_at)}` : `${when(span.started_at)} – ${when(span.complete_at)}`;
}

/** How long ago: `just now`, `5 min ago`, `3 h ago`, `2 d ago`, else the date. Both in UTC seconds. */
export function ago(at: number, now: number): string {
  const s = now - at;
  if (s < 45) return 'just now';
  if (s < 3600) return `${Math.max(1, Math.round(s / 60))} min ago`;
  if (s < 86_400) return `${Math.round(s / 3600)} h ago`;
  if (s < 30 * 86_400) return `${Math.round(s / 86_400)} d ago`;
  return new Date(at * 1000).toLocaleDateString();
}

/** The full date and time of a UTC second, in the reader's own zone. */
export function when(at: number): string {
  return new Date(at * 1000).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** A number with its noun: `1 line`, `2,301 lines`. */
export function count(n: number, noun: string): string {
  return `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;
}

/** A revision as people quote it: hashes cut to ten characters, others as they are. */
export function shortRevision(revision: string | null | undefined): string {
  if (!revision) return '';
  return /^[0-9a-f]{12,}$/i.test(revision) ? revision.slice(0, 10) : revision;
}

/** The name in `Name <address>`. */
export function authorName(author: string): string {
  return author.replace(/\s*<[^>]*>\s*$/, '') || author;
}

/** A property's value as text. */
export function valueText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** Only web addresses and places of this page become links: a `javascript:` one from outside must not. */
export function safeLink(url: string | null | undefined): string | undefined {
  return url && /^(https?:\/\/|#\/)/i.test(url) ? url : undefined;
}

/** A name as a caption: `reason` becomes `Reason`; names that are no plain word, such as `iOS` or `got_revision`, stay. */
export function caption(name: string): string {
  return name.replace(/^\p{Ll}+(?=[\s,.:;!?]|$)/u, (word) => word.slice(0, 1).toUpperCase() + word.slice(1));
}

/** What a server says, as a sentence. */
export function sentence(text: string): string {
  const said = caption(text.trim());
  return said === '' || /[.!?…]$/.test(said) ? said : `${said}.`;
}

/** The one sentence of an error. */
export function errorText(error: unknown): string {
  return sentence(error instanceof Error ? error.message : String(error));
}
