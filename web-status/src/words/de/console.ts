import type { Words } from '../en/index.ts';

export const console: Words['console'] = {};
