import { en, type Words } from '../words/en/index.ts';
import { speak } from '../words/words.svelte.ts';
import type { Settings } from './settings.svelte.ts';

type Language = Exclude<Settings['language'], 'auto'>;

/** All languages by their own names, and how each is read: only English is there from the beginning. */
export const LANGUAGES: Record<Language, { name: string; read: () => Promise<Words> }> = {
  en: { name: 'English', read: () => Promise.resolve(en) },
  de: { name: 'Deutsch', read: async () => (await import('../words/de/index.ts')).de },
};

/** The language that a choice means, and the tag by which numbers and dates are written: the browser's own, where it is of that language. */
export function languageOf(choice: Settings['language'], wanted: readonly string[] = navigator.languages): { language: Language; tag: string } {
  const primary = (tag: string): string => tag.toLowerCase().split('-')[0] ?? '';
  const known = wanted.filter((tag) => primary(tag) in LANGUAGES && isTag(tag));
  const language = choice === 'auto' ? ((known[0] === undefined ? 'en' : primary(known[0])) as Language) : choice;
  return { language, tag: known.find((tag) => primary(tag) === language) ?? language };
}

function isTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length > 0;
  } catch {
    return false;
  }
}

let last = 0;

/** Lets the page speak as the reader chose. Where a language cannot be read, it goes on as before. */
export async function speakAs(choice: Settings['language']): Promise<void> {
  const turn = ++last;
  const { language, tag } = languageOf(choice);
  try {
    const text = await LANGUAGES[language].read();
    // Another one may have been chosen meanwhile.
    if (turn !== last) return;
    speak(text, tag);
    document.documentElement.lang = language;
  } catch {
    // Its file is gone, or the network is: English is always there.
  }
}
