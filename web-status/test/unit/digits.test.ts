import { expect, it } from 'vitest';

import { digits } from '../../src/words/digits.ts';

it('writes numbers as the browser does', () => {
  for (const tag of ['en', 'en-US', 'en-GB', 'de', 'de-DE', 'de-CH', 'en-IN']) {
    for (const n of [0, 7, 999, 1000, 1001, 99_999, 123_456, 1_000_000, 1_234_567_890, -1000, -12, 1e21]) expect(digits(n, tag), `${n} in ${tag}`).toBe(n.toLocaleString(tag));
    for (const n of [0, 0.1, 9.9, 1234.5]) expect(digits(n, tag, 1), `${n} in ${tag}`).toBe(n.toLocaleString(tag, { minimumFractionDigits: 1, maximumFractionDigits: 1 }));
  }
});
