import { digits } from './digits.ts';

/** How a language counts: `1 build`, `2,301 builds`. What many are called follows from one where it is left out. */
export const counting =
  (language: string) =>
  (n: number, one: string, many = `${one}s`): string =>
    `${digits(n, language)} ${n === 1 ? one : many}`;
