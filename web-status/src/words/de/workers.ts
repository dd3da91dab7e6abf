import type { Words } from '../en/index.ts';

export const workers: Words['workers'] = {};
