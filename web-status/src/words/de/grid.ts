import type { Words } from '../en/index.ts';

export const grid: Words['grid'] = {};
