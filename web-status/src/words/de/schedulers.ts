import type { Words } from '../en/index.ts';

export const schedulers: Words['schedulers'] = {};
