import { digits } from '../words/digits.ts';
import { locale, words } from '../words/words.svelte.ts';
import { settings } from './settings.svelte.ts';

/** A length of time in seconds: `0.4 s`, `7 s`, `3 m 04 s`, `2 h 10 m`, `5 d 3 h`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const { second, minute, hour, day } = words.units;
  if (seconds > 0 && seconds < 10 && seconds !== s) return seconds < 0.1 ? `< ${tenths(0.1)} ${second}` : `${tenths(seconds)} ${second}`;
  const two = (n: number): string => String(n).padStart(2, '0');
  if (s < 60) return `${s} ${second}`;
  if (s < 3600) return `${Math.floor(s / 60)} ${minute} ${two(s % 60)} ${second}`;
  if (s < 86_400) return `${Math.floor(s / 3600)} ${hour} ${two(Math.floor((s % 3600) / 60))} ${minute}`;
  return `${Math.floor(s / 86_400)} ${day} ${Math.floor((s % 86_400) / 3600)} ${hour}`;
}

/** The same without what is zero of it, for a scale: `20 m`, `1 h 30 m`. */
export function roundDuration(seconds: number): string {
  const { second, minute, hour } = words.units;
  return duration(seconds).replace(new RegExp(`(?<= (?:${minute}|${hour})) 00 (?:${second}|${minute})$`), '');
}

/** The same as short as can be, where there is no room: `23 m`, `2 h`. */
export function roughDuration(seconds: number): string {
  return seconds < 60 ? duration(seconds) : duration(seconds).split(' ').slice(0, 2).join(' ');
}

/** One decimal, cut and not rounded: what has not lasted ten seconds is not said to have. */
const tenths = (n: number): string => digits(Math.floor(n * 10) / 10, locale(), 1);

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
  return span.complete_at === null ? words.units.since(when(span.started_at)) : `${when(span.started_at)} – ${when(span.complete_at)}`;
}

/** How long ago: `just now`, `5 min ago`, `3 h ago`, `2 d ago`, else the date. Both in UTC seconds. */
export function ago(at: number, now: number): string {
  const s = now - at;
  const { units } = words;
  if (s < 45) return units.now;
  if (s < 3600) return units.minutesAgo(Math.max(1, Math.round(s / 60)));
  if (s < 86_400) return units.hoursAgo(Math.round(s / 3600));
  if (s < 30 * 86_400) return units.daysAgo(Math.round(s / 86_400));
  return date(at);
}

/** The time zone in which times are told; undefined: the reader's own. */
export const timeZone = (): 'UTC' | undefined => (settings.zone === 'utc' ? 'UTC' : undefined);

/** The full date and time of a UTC second, in the zone that the reader chose. */
export function when(at: number): string {
  return `${dates({ dateStyle: 'medium', timeStyle: 'medium' }).format(at * 1000)}${timeZone() ? ' UTC' : ''}`;
}

/** The date of a UTC second. */
export const date = (at: number): string => dates({ dateStyle: 'medium' }).format(at * 1000);

/** The time of the day of a UTC second, to the minute or the second. */
export const time = (at: number, seconds = false): string => dates({ timeStyle: seconds ? 'medium' : 'short' }).format(at * 1000);

/** The same to the second, by a clock of 24 hours, always as wide. */
export const clock = (at: number): string => dates({ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(at * 1000);

/** A moment of UTC, in seconds, to the millisecond. */
export function moment(at: number): string {
  const options = { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, hourCycle: 'h23' } as const;
  return `${dates(options).format(at * 1000)}${timeZone() ? ' UTC' : ''}`;
}

/** A number with its thousands apart. */
export const number = (n: number): string => digits(n, locale());

// To make one costs more than to use it a thousand times.
const made = new Map<string, unknown>();
function once<T>(key: string, make: () => T): T {
  const there = made.get(key) as T | undefined;
  const one = there ?? make();
  if (there === undefined) made.set(key, one);
  return one;
}

function dates(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const timeZoneOption = timeZone() ? { timeZone: 'UTC' } : {};
  return once(`${locale()} ${settings.zone} ${JSON.stringify(options)}`, () => new Intl.DateTimeFormat(locale(), { ...options, ...timeZoneOption }));
}

/** A number with its English noun: `1 line`, `2,301 lines`. */
export function count(n: number, noun: string): string {
  return `${number(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** A size: `512 B`, `1.5 KiB`, `12 MiB`. */
export function bytes(size: number): string {
  if (size < 1024) return `${size} B`;
  const power = Math.min(4, Math.floor(Math.log2(size) / 10));
  const number = size / 1024 ** power;
  return `${number < 10 ? number.toFixed(1) : Math.round(number)} ${['', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`;
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
