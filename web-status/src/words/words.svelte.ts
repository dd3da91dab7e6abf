import { en, type Words } from './en/index.ts';

let current: Words = $state.raw(en);
let tag = $state('en');

/** What the page says, in the reader's language: `words.grid.title`. Whatever shows it is drawn again when that changes. */
export const words: Words = new Proxy(en, { get: (_, section) => current[section as keyof Words] });

/** The language tag by which numbers and dates are written, such as `en-GB`. */
export const locale = (): string => tag;

/** Lets the page speak another language, and write numbers and dates by `as`. */
export function speak(language: Words, as: string): void {
  current = language;
  tag = as;
}
