/**
 * Grounds of avatars where the page is light, and where it is dark: none is taken for another by any kind of colour blindness,
 * and a letter in the colour of marks (`--on-mark`) is read on each.
 */
export const GROUNDS: readonly (readonly [light: string, dark: string])[] = [
  ['#3333cc', '#a1e8e8'], ['#24390e', '#549c8a'], ['#5e174c', '#cca633'], ['#76761e', '#d1e495'], ['#b94663', '#81924f'], ['#a251bd', '#d558d5'],
];

/** What a person is known by: the address in `Name <address>`, else the whole, however it is written. */
function identity(who: string): string {
  return (/<([^>]+)>\s*$/.exec(who)?.[1] ?? who).trim().toLowerCase();
}

/** The letter that stands for a person: the first of their address or name, as on the picture that a master draws; `?` without one. */
export function letterOf(who: string): string {
  return /[\p{Alphabetic}\p{N}]/u.exec(identity(who))?.[0].toUpperCase() ?? '?';
}

/** The ground of a person's avatar: the same for all ways to write their address. */
export function groundOf(who: string): readonly [light: string, dark: string] {
  // FNV-1a: people with alike addresses get different colours.
  let hash = 0x811c9dc5;
  for (const letter of identity(who)) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return GROUNDS[hash % GROUNDS.length] ?? ['', ''];
}
