import type { Words } from '../en/index.ts';

export const requests: Words['requests'] = {};
