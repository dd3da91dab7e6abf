import type { Words } from '../en/index.ts';

export const log: Words['log'] = {};
