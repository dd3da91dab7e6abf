import type { Words } from '../en/index.ts';

export const force: Words['force'] = {};
