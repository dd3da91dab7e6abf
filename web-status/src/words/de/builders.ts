import type { Words } from '../en/index.ts';

export const builders: Words['builders'] = {};
