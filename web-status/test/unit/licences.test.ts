import { expect, it } from 'vitest';

import { folderOf } from '../../scripts/licences.ts';

it('knows the package of a bundled module', () => {
  expect(folderOf('/a/node_modules/svelte/src/index.js')).toBe('/a/node_modules/svelte');
  expect(folderOf('/a/node_modules/x/node_modules/@s/p/i.js?v=1')).toBe('/a/node_modules/x/node_modules/@s/p');
  expect(folderOf('\0/a/node_modules/clsx/dist/clsx.mjs')).toBe('/a/node_modules/clsx');
  for (const own of ['/a/src/main.ts', '\0vite/preload-helper.js']) expect(folderOf(own)).toBeUndefined();
});
