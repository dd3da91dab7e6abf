import { en, type Words } from './en/index.ts';

let current: Words = $state.raw(en);

/** What the page says, in the reader's language: `words.grid.title`. Whatever shows it is drawn again when that changes. */
export const words: Words = new Proxy(en, { get: (_, section) => current[section as keyof Words] });

/** Lets the page speak another language. */
export function speak(language: Words): void {
  current = language;
}
