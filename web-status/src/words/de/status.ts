import type { Words } from '../en/index.ts';

export const status: Words['status'] = {};
