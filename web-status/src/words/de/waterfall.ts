import type { Words } from '../en/index.ts';

export const waterfall: Words['waterfall'] = {};
